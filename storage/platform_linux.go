package storage

import (
	"golang.org/x/sys/unix"
)

// networks are the file systems of other machines that Linux knows by number;
// statfs(2), linux/magic.h.
var networks = map[uint32]string{
	unix.NFS_SUPER_MAGIC: "NFS", unix.SMB_SUPER_MAGIC: "SMB", unix.SMB2_SUPER_MAGIC: "SMB", unix.CIFS_SUPER_MAGIC: "SMB",
	unix.AFS_SUPER_MAGIC: "AFS", unix.AFS_FS_MAGIC: "AFS", unix.CODA_SUPER_MAGIC: "Coda", unix.CEPH_SUPER_MAGIC: "Ceph",
}

// networkFolder names the kind of network that a folder is on, or "".
func networkFolder(folder string) string {
	var at unix.Statfs_t
	if unix.Statfs(folder, &at) != nil {
		return ""
	}
	return networks[uint32(at.Type)]
}
