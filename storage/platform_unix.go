//go:build unix

package storage

import (
	"errors"
	"os"
	"syscall"
)

// noRoomErrors say that there is no room: on the disk, in a quota, in a file.
var noRoomErrors = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}

// unlock gives up the lock that bbolt takes.
func unlock(file *os.File) { _ = syscall.Flock(int(file.Fd()), syscall.LOCK_UN) }

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
