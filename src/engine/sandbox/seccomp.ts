/**
 * The system calls that a step may use: the semantics of Docker's default profile for its default capabilities. What is refused fails with
 * EPERM. A call that nobody knew when this was written, or that the runtime's libseccomp does not know, fails with ENOSYS, as on an older kernel:
 * programs then do without it, where EPERM would stop them. runtime-spec config-linux.md, "Seccomp".
 */
import { HARMLESS_DEVICES } from "./device-rules.ts";

/** A rule of runtime-spec's `linux.seccomp.syscalls`. */
export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: "SCMP_ACT_ALLOW" | "SCMP_ACT_ERRNO";
  readonly errnoRet?: number;
  readonly args?: readonly { readonly index: number; readonly value: number; readonly valueTwo?: number; readonly op: string }[];
}

/** runtime-spec's `linux.seccomp`. */
export interface SeccompProfile {
  readonly defaultAction: "SCMP_ACT_ERRNO";
  readonly defaultErrnoRet: number;
  readonly architectures: readonly string[];
  readonly syscalls: readonly SeccompRule[];
}

const EPERM = 1;
const ENOSYS = 38;
const AF_VSOCK = 40;
/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET. */
const NAMESPACE_BITS = [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000];
const NAMESPACE_FLAGS = NAMESPACE_BITS.reduce((flags, bit) => flags + bit);
/** The type bits of a mode: none, fifo, regular, socket; and character device. */
const FILE_TYPE_MASK = 0xf000;
const PLAIN_TYPES = [0, 0x1000, 0x8000, 0xc000];
const CHARACTER_TYPE = 0x2000;
const BLOCK_TYPE = 0x6000;
/** Linux, UNAME26 with and without 32 bit addresses, and "tell me". */
const PERSONALITIES = [0x0, 0x0008, 0x20000, 0x20008, 0xffffffff];

const ALLOWED: Readonly<Record<string, string>> = {
  files: `access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64
    fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync flock fstat
    fstat64 fstatat64 fstatfs fstatfs64 fsync ftruncate ftruncate64 futimesat getcwd getdents getdents64 inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch ioctl lchown lchown32 link linkat listmount _llseek lseek lstat lstat64 mkdir mkdirat
    name_to_handle_at newfstatat open openat openat2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat
    readv rename renameat renameat2 rmdir sendfile sendfile64 splice stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
    sync_file_range syncfs tee truncate truncate64 umask unlink unlinkat utime utimensat utimensat_time64 utimes vmsplice write writev`,
  xattrs: `fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr listxattrat llistxattr lremovexattr
    lsetxattr removexattr removexattrat setxattr setxattrat`,
  waiting: `_newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
    eventfd2 io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit pause pipe pipe2 poll ppoll
    ppoll_time64 pselect6 pselect6_time64 select signalfd signalfd4`,
  memory: `brk cachestat madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect
    mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages`,
  processes: `capget capset execve execveat exit exit_group fork getcpu getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups
    getgroups32 getpgid getpgrp getpid getppid getpriority getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid gettid
    getuid getuid32 ioprio_get ioprio_set kill landlock_add_rule landlock_create_ruleset landlock_restrict_self pidfd_open
    pidfd_send_signal prctl prlimit64 process_vm_readv process_vm_writev ptrace restart_syscall rseq sched_get_priority_max
    sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp setfsgid
    setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setpgid setpriority setregid setregid32 setresgid setresgid32
    setresuid setresuid32 setreuid setreuid32 setrlimit setsid setuid setuid32 sysinfo tgkill times tkill ugetrlimit uname vfork wait4
    waitid waitpid`,
  threads: `futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list get_thread_area set_robust_list
    set_thread_area set_tid_address`,
  signals: `rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn uretprobe`,
  time: `adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_nanosleep
    clock_nanosleep_time64 getitimer getrandom gettimeofday nanosleep setitimer time timer_create timer_delete timer_getoverrun
    timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime
    timerfd_settime64`,
  sockets: `accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg recvmmsg_time64 recvmsg send
    sendmmsg sendmsg sendto setsockopt shutdown socketcall socketpair`,
  ipc: `ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink msgctl
    msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget`,
  capabilities: "chroot",
};

/** What exists and is not for steps: said here, because all others are unknown. */
const REFUSED = `acct add_key bpf clock_settime clock_settime64 delete_module fanotify_init finit_module fsconfig fsmount fsopen fspick
    get_mempolicy init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl kcmp kexec_file_load kexec_load keyctl
    lookup_dcookie mbind migrate_pages mount mount_setattr move_mount move_pages nice oldfstat oldlstat oldolduname oldstat olduname
    open_by_handle_at open_tree pciconfig_iobase pciconfig_read pciconfig_write perf_event_open pidfd_getfd pivot_root process_madvise
    quotactl quotactl_fd readdir reboot request_key set_mempolicy set_mempolicy_home_node setdomainname sethostname setns settimeofday
    sgetmask sigaction signal sigpending sigsuspend ssetmask stime swapoff swapon sysfs syslog umount umount2 unshare uselib userfaultfd
    ustat vhangup vm86 vm86old`;

interface Architecture {
  readonly names: readonly string[];
  readonly allowed: string;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  x64: { names: ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], allowed: "arch_prctl modify_ldt" },
  arm64: {
    names: ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    allowed: "arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2",
  },
  riscv64: { names: ["SCMP_ARCH_RISCV64"], allowed: "riscv_flush_icache" },
  ppc64: { names: ["SCMP_ARCH_PPC64LE"], allowed: "swapcontext sync_file_range2" },
  s390x: { names: ["SCMP_ARCH_S390X", "SCMP_ARCH_S390"], allowed: "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr" },
  loong64: { names: ["SCMP_ARCH_LOONGARCH64"], allowed: "" },
};

/**
 * The profile for a machine; `architecture` as `process.arch` says it. `guarded`: a cgroup keeps the step from opening devices, so it may make any;
 * otherwise only harmless ones. All rules of a call exclude each other, so their order means nothing.
 */
export function seccompProfile(architecture: string, guarded: boolean): SeccompProfile {
  const machine = ARCHITECTURES[architecture] ?? { names: [], allowed: "" };
  // s390x swaps the first two arguments of clone.
  const flagsIndex = architecture === "s390x" ? 1 : 0;
  const nodes = ["mknod", "mknodat"];
  return {
    defaultAction: "SCMP_ACT_ERRNO",
    defaultErrnoRet: ENOSYS,
    architectures: machine.names,
    syscalls: [
      { names: [...Object.values(ALLOWED), machine.allowed, ...(guarded ? nodes : [])].flatMap(words), action: "SCMP_ACT_ALLOW" },
      { names: words(REFUSED), action: "SCMP_ACT_ERRNO", errnoRet: EPERM },
      ...PERSONALITIES.map((value) => allow("personality", is(0, value))),
      ...others(PERSONALITIES).map(({ mask, value }) => refuse("personality", masked(0, mask, value))),
      ...(guarded ? [] : nodes.flatMap((name, at) => nodeRules(name, at + 1))),
      allow("socket", { index: 0, value: AF_VSOCK, op: "SCMP_CMP_NE" }),
      refuse("socket", is(0, AF_VSOCK)),
      allow("clone", masked(flagsIndex, NAMESPACE_FLAGS, 0)),
      ...NAMESPACE_BITS.map((bit) => refuse("clone", masked(flagsIndex, bit, bit))),
      // Its flags are behind a pointer that a filter cannot read; with ENOSYS, libc falls back to clone.
      { names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: ENOSYS },
    ],
  };
}

type Condition = NonNullable<SeccompRule["args"]>[number];

function allow(name: string, ...args: readonly Condition[]): SeccompRule {
  return { names: [name], action: "SCMP_ACT_ALLOW", args };
}

function refuse(name: string, ...args: readonly Condition[]): SeccompRule {
  return { names: [name], action: "SCMP_ACT_ERRNO", errnoRet: EPERM, args };
}

function is(index: number, value: number): Condition {
  return { index, value, op: "SCMP_CMP_EQ" };
}

function masked(index: number, mask: number, value: number): Condition {
  return { index, value: mask, valueTwo: value, op: "SCMP_CMP_MASKED_EQ" };
}

/** `modeIndex`: which argument is the mode; the device's number follows it. */
function nodeRules(name: string, modeIndex: number): SeccompRule[] {
  const type = (value: number): Condition => masked(modeIndex, FILE_TYPE_MASK, value);
  return [
    ...PLAIN_TYPES.map((value) => allow(name, type(value))),
    refuse(name, type(BLOCK_TYPE)),
    ...HARMLESS_DEVICES.map((device) => allow(name, type(CHARACTER_TYPE), is(modeIndex + 1, device))),
    ...others(HARMLESS_DEVICES).map(({ mask, value }) => refuse(name, type(CHARACTER_TYPE), masked(modeIndex + 1, mask, value))),
  ];
}

/** All numbers of 32 bits but `values`, in blocks: a filter has one condition for each argument, and no "is none of". */
function others(values: readonly number[], start = 0, size = 2 ** 32): { readonly mask: number; readonly value: number }[] {
  if (!values.some((value) => value >= start && value < start + size)) return [{ mask: 2 ** 32 - size, value: start }];
  const half = size / 2;
  return size === 1 ? [] : [...others(values, start, half), ...others(values, start + half, half)];
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}
