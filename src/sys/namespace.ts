/**
 * Namespaces of one thread, and pipes. `unshare` and `setns` act on the calling thread only: a worker thread can have mounts of its
 * own, and children that it starts get them, while the rest of the process sees nothing.
 */
import { closeSync, writeFileSync } from "node:fs";
import { bind, check } from "./libc.ts";
import { mountDescriptor } from "./mount.ts";

const CLONE_NEWNS = 0x0002_0000;
const CLONE_NEWPID = 0x2000_0000;
const CLONE_NEWNET = 0x4000_0000;
const O_CLOEXEC = 0o2_000_000;
const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | O_CLOEXEC;
/** The network namespace of a socket, as a descriptor: it needs no /proc of this thread. */
const SIOCGSKNS = 0x894c;

const unshareCall = bind("int unshare(int flags)");
const setnsCall = bind("int setns(int fd, int kind)");
const umaskCall = bind("unsigned int umask(unsigned int mask)");
const socketCall = bind("int socket(int domain, int type, int protocol)");
const ioctlCall = bind("int ioctl(int fd, unsigned long request)");
const pipeCall = bind("int pipe2(int *fds, int flags)");

/**
 * Gives the calling thread mounts, a working directory and a umask of its own. Only for worker threads: threads that it starts later
 * (the pool of asynchronous file calls) would share them. Throws `SYSCALL`.
 */
export function unshareMounts(): void {
  check(unshareCall(CLONE_NEWNS), "make a mount namespace");
}

/**
 * Makes a network namespace with nothing in it, which `path`, a new file, then names; `prepare` is called inside. The calling thread stays in its own.
 * Throws `SYSCALL`, and what `prepare` throws.
 */
export function makeNetwork(path: string, prepare: () => void): void {
  const own = openNetwork();
  try {
    check(unshareCall(CLONE_NEWNET), "make a network namespace");
    try {
      const made = openNetwork();
      try {
        prepare();
        writeFileSync(path, "", { flag: "wx", mode: 0o600 });
        mountDescriptor(made, path);
      } finally {
        closeSync(made);
      }
    } finally {
      check(setnsCall(own, CLONE_NEWNET), "return to the network of the process");
    }
  } finally {
    closeSync(own);
  }
}

/** A descriptor of the calling thread's network namespace. */
function openNetwork(): number {
  const socket = check(socketCall(AF_UNIX, SOCK_STREAM_CLOEXEC, 0), "look at the network namespace");
  try {
    return check(ioctlCall(socket, SIOCGSKNS), "look at the network namespace");
  } finally {
    closeSync(socket);
  }
}

/** The next child of the calling thread is the first process of a new pid namespace. Undo with `enterPids` of the own namespace. Throws `SYSCALL`. */
export function unsharePids(): void {
  check(unshareCall(CLONE_NEWPID), "make a pid namespace");
}

/** Later children of the calling thread are in the pid namespace of `namespaceFd` (an open /proc/…/ns/pid). Throws `SYSCALL`. */
export function enterPids(namespaceFd: number): void {
  check(setnsCall(namespaceFd, CLONE_NEWPID), "enter a pid namespace");
}

/** Sets the umask: the calling thread's own after `unshareMounts`, otherwise the whole process's. Gives the old one. */
export function setUmask(mask: number): number {
  return umaskCall(mask);
}

/** A pipe: bytes written to `write` come out of `read`. Children do not inherit the ends, unless told to. */
export interface Pipe extends Disposable {
  readonly read: number;
  readonly write: number;
  closeRead(): void;
  closeWrite(): void;
}

/**
 * Makes a pipe. What `spawn` makes for "pipe" is a socket, which programs cannot open again by /dev/stdout. Dispose closes what is
 * open. Throws `SYSCALL`.
 */
export function createPipe(): Pipe {
  const ends = new Int32Array(2);
  check(pipeCall(ends, O_CLOEXEC), "make a pipe");
  const [read = -1, write = -1] = ends;
  const open = new Set([read, write]);
  const close = (fd: number): void => {
    if (open.delete(fd)) closeSync(fd);
  };
  return {
    read,
    write,
    closeRead: () => close(read),
    closeWrite: () => close(write),
    [Symbol.dispose]() {
      close(read);
      close(write);
    },
  };
}
