/*
 * Starts Node.js with Decant's command, in an image without a shell, as bin/decant does elsewhere: each argument gets a colon in front, because
 * Node.js looks for some of its own options in all arguments. src/cli/main.ts takes the colons away.
 *
 * No C library: the program is static, and the same bytes whenever the same compiler makes it.
 */

#define NODE "/nodejs/bin/node"
#define MAIN "/decant/dist/decant.js"

#define PROT_READ_WRITE 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define STDERR 2

#if defined(__x86_64__)

enum { SYS_write = 1, SYS_mmap = 9, SYS_execve = 59, SYS_exit = 60 };

/* The kernel leaves the number of arguments and the arguments where the stack begins. */
__asm__(".globl _start\n_start:\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return result;
}

#elif defined(__aarch64__)

enum { SYS_write = 64, SYS_mmap = 222, SYS_execve = 221, SYS_exit = 93 };

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb start\n");

static long call(long number, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}

#endif

__attribute__((noreturn)) static void fail(const char *message, long bytes) {
  call(SYS_write, STDERR, (long)message, bytes, 0, 0, 0);
  call(SYS_exit, 1, 0, 0, 0, 0, 0);
  __builtin_unreachable();
}
#define FAIL(message) fail(message, sizeof(message) - 1)

__attribute__((used, noreturn)) void start(long *stack) {
  long count = stack[0];
  char **arguments = (char **)(stack + 1);
  char **environment = arguments + count + 1;

  /* Pointers: Node.js, its main module, the arguments but the first, and the end. Then the text. */
  long bytes = (count + 3) * (long)sizeof(char *);
  for (long at = 1; at < count; at += 1) {
    const char *from = arguments[at];
    bytes += 2;
    while (*from++) bytes += 1;
  }
  long place = call(SYS_mmap, 0, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0);
  if (place < 0 && place > -4096) FAIL("ERROR: Cannot start decant: there is no memory for its arguments\n");

  char **next = (char **)place;
  char *text = (char *)(next + count + 3);
  *next++ = NODE;
  *next++ = MAIN;
  for (long at = 1; at < count; at += 1) {
    const char *from = arguments[at];
    *next++ = text;
    *text++ = ':';
    do *text++ = *from;
    while (*from++);
  }
  *next = 0;
  call(SYS_execve, (long)NODE, place, (long)environment, 0, 0, 0);
  FAIL("ERROR: Cannot start decant: " NODE " cannot be started\n");
}
