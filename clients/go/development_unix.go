//go:build unix

package lotkeeper

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const othersWrite, notPrivate = 0o022, 0o077

// tokenFolder is where development servers of this user leave their tokens.
func tokenFolder() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if state == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "lotkeeper", "tokens"), nil
}

// readPrivateFile is what stands in a file that nobody but this user can have written or read; empty if there is none.
func readPrivateFile(path string) (string, error) {
	folder := filepath.Dir(path)
	found, err := os.Lstat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	case err != nil:
		return "", err
	case !found.IsDir():
		return "", fmt.Errorf("%s is not a folder", folder)
	case !isOfThisUser(found):
		return "", fmt.Errorf("%s is not safe for tokens: it belongs to somebody else", folder)
	case found.Mode().Perm()&othersWrite != 0:
		return "", fmt.Errorf("%s is not safe for tokens: others may write there", folder)
	}
	// From here on nobody else can change what is in the folder.
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	opened, err := file.Stat()
	switch {
	case err != nil:
		return "", err
	case !opened.Mode().IsRegular():
		return "", fmt.Errorf("%s is not a file of its own", path)
	case !isOfThisUser(opened):
		return "", fmt.Errorf("%s belongs to somebody else", path)
	case opened.Mode().Perm()&notPrivate != 0:
		return "", fmt.Errorf("%s can be read or written by others; its mode is %o", path, opened.Mode().Perm())
	}
	content, err := io.ReadAll(io.LimitReader(file, tokenFileBytesMax))
	return strings.TrimSpace(string(content)), err
}

func isOfThisUser(found fs.FileInfo) bool {
	owner, known := found.Sys().(*syscall.Stat_t)
	return known && owner.Uid == uint32(os.Geteuid()) && (found.IsDir() || owner.Nlink == 1)
}
