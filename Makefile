# Each target does its own set-up. See README.md.

# What Fyne is built with, a font that has signs such as ▸, and what the tests need beside that: also a font that has Japanese.
BUILD_PACKAGES := gcc libc6-dev pkg-config libgl1-mesa-dev libx11-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev \
	libxxf86vm-dev libxkbcommon-dev libwayland-dev fonts-dejavu-core
TEST_PACKAGES := $(BUILD_PACKAGES) xvfb xauth xdotool dbus gnome-keyring libgl1-mesa-dri fonts-ipafont-gothic slapd ldap-utils \
	systemd samba samba-ad-dc samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind ldb-tools $(if $(shell command -v npm),,npm)

.PHONY: demo build test check package package-windows try-package sbom sums notes audit licences bench rates beside fuzz soak screenshots docs

# demo tries Rollcall on an embedded sample company.
demo: build
	./build/rollcall demo

build:
	@.ci/packages $(BUILD_PACKAGES)
	go build -tags migrated_fynedo -o build/rollcall .

# test runs everything, also what needs the real parts.
test:
	@.ci/packages $(TEST_PACKAGES)
	$(MAKE) check build/node
	.ci/test

# build/node holds servers that nobody here wrote, for the tests.
build/node: .ci/node/package.json $(wildcard .ci/node/*.mjs)
	@mkdir -p $@ && cp .ci/node/* $@
	@cd $@ && npm install --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

# check looks at the code without running it.
check:
	@test -z "$$(gofmt -l .)" || { echo "Not gofmt-ed:"; gofmt -l .; exit 1; }
	go vet ./...
	go vet -tags ci ./...
	go tool staticcheck ./...
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...
	GOOS=windows CGO_ENABLED=0 go vet -tags ci ./app/... ./screens ./widgets ./storage
	GOOS=darwin CGO_ENABLED=0 go vet -tags ci ./app/... ./screens ./widgets ./storage

# package packages Rollcall for the system that it runs on, into build/packages.
package:
	@.ci/packages $(BUILD_PACKAGES) imagemagick dpkg-dev xz-utils
	.ci/package

# package-windows packages it for Windows on Linux.
package-windows:
	@.ci/packages $(BUILD_PACKAGES) gcc-mingw-w64-x86-64 nsis
	.ci/package windows

# try-package installs the .deb, starts what it installed, and removes it.
try-package: package
	@.ci/packages xvfb xauth libgl1-mesa-dri procps desktop-file-utils
	.ci/try-deb

# sbom lists what the packages are built from, and sums lets anybody check them.
sbom:
	@mkdir -p build/packages
	go run github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0 mod -licenses -json -output build/packages/rollcall-sbom.json
sums:
	cd build/packages && sha256sum * >SHA256SUMS

# notes prints what is new in VERSION, for its release.
notes:
	@.ci/changelog $(VERSION)

# audit looks for known vulnerabilities and for licences that don't fit.
audit:
	.ci/audit

# licences lists the licences of all parts.
licences:
	.ci/audit --write

# bench prints the figures that docs/performance.md quotes, but those of the next two.
bench:
	@.ci/packages $(BUILD_PACKAGES) xvfb xauth libgl1-mesa-dri
	go test -tags ci -run '^$$' -bench . -benchmem ./app/review ./app/drift ./storage ./screens
	LIBGL_ALWAYS_SOFTWARE=1 xvfb-run -a -s '-screen 0 1280x800x24' go test -run '^$$' -bench Start -benchtime 5x .

# rates reads, fetches and syncs at the vendors' published rates; it takes a quarter of an hour.
rates:
	@.ci/packages $(BUILD_PACKAGES)
	go test -run '^$$' -bench AtPublishedRates -benchtime 1x -timeout 60m -v ./app/soak

# beside runs Rollcall, and the peer that PEER names, at the same task.
beside: build
	go run ./app/beside $(if $(PEER),--peer $(PEER))

# fuzz feeds every parser of something from outside with what nobody thought of.
fuzz:
	@.ci/packages $(BUILD_PACKAGES)
	@mkdir -p build
	.ci/fuzz

# soak tries the program at length, and prints what docs/reliability.md quotes.
soak:
	@.ci/packages $(BUILD_PACKAGES)
	ROLLCALL_VARIANTS=all ROLLCALL_KILLS=2000 ROLLCALL_SEEDS=1000 go test -v -count=1 -timeout 3h ./app/soak

# docs writes the reference of the commands, and the diagram of the packages.
docs:
	go test -count=1 ./app/cli -run TestTheReferenceIs -args -reference
	go test -count=1 . -run TestTheDiagramIs -args -diagram

# screenshots draws every screen in every state into docs.
screenshots:
	@.ci/packages $(BUILD_PACKAGES)
	go test -count=1 ./screens -run TestEveryScreenAndStateIsDrawn -args -pictures $(CURDIR)/docs/screens
