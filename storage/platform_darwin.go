package storage

import "golang.org/x/sys/unix"

// networkFolder names the kind of network that a folder is on, or "".
func networkFolder(folder string) string {
	var at unix.Statfs_t
	if unix.Statfs(folder, &at) != nil || at.Flags&unix.MNT_LOCAL != 0 {
		return ""
	}
	return unix.ByteSliceToString(at.Fstypename[:])
}
