; The installer for Windows, for one person or, when run as an administrator, for all.
; .ci/package gives VERSION, PROGRAM and OUT.
Unicode true
!include "MUI2.nsh"
Name "Rollcall"
OutFile "${OUT}"
InstallDir "$LOCALAPPDATA\Programs\Rollcall"
RequestExecutionLevel user
VIProductVersion "${VERSION}.0"
VIAddVersionKey "ProductName" "Rollcall"
VIAddVersionKey "ProductVersion" "${VERSION}"
VIAddVersionKey "FileVersion" "${VERSION}"
VIAddVersionKey "FileDescription" "Installs Rollcall"
VIAddVersionKey "LegalCopyright" "MIT licence"

!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\Rollcall"
!insertmacro MUI_PAGE_LICENSE "..\..\LICENSE"
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE "English"
!insertmacro MUI_LANGUAGE "German"
!insertmacro MUI_LANGUAGE "French"
!insertmacro MUI_LANGUAGE "Spanish"
!insertmacro MUI_LANGUAGE "Japanese"

Section "Rollcall"
  SetOutPath "$INSTDIR"
  File "/oname=rollcall.exe" "${PROGRAM}"
  WriteUninstaller "$INSTDIR\uninstall.exe"
  CreateShortcut "$SMPROGRAMS\Rollcall.lnk" "$INSTDIR\rollcall.exe"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayName" "Rollcall"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKCU "${UNINSTALL}" "Publisher" "Rollcall maintainers"
  WriteRegStr HKCU "${UNINSTALL}" "DisplayIcon" "$INSTDIR\rollcall.exe"
  WriteRegStr HKCU "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
SectionEnd

; What Rollcall keeps, and its credentials, stay: rollcall forget removes them.
Section "Uninstall"
  Delete "$SMPROGRAMS\Rollcall.lnk"
  Delete "$INSTDIR\rollcall.exe"
  Delete "$INSTDIR\uninstall.exe"
  RMDir "$INSTDIR"
  DeleteRegKey HKCU "${UNINSTALL}"
SectionEnd
