package serving

import (
	"os/exec"
	"syscall"
)

// EndsWithParent has a process that is not started yet end with this one, however that ends.
func EndsWithParent(process *exec.Cmd) {
	process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
