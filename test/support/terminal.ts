/** Runs a program at a terminal of 30 by 100, and types; the terminal is 40 by 120 from its second prompt on. */
import { runProcess } from "../../src/sys/index.ts";

/** Its first argument: what is typed, with "|" between what waits for one more prompt ("ready>"). */
const DRIVER = `
import fcntl, os, pty, select, struct, sys, termios
lines, argv = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(argv[0], argv)
size = lambda rows, columns: fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
size(30, 100)
said, waiting = b"", lines.encode().decode("unicode_escape").encode().split(b"|")
marks = 0
while True:
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    said += data
    while waiting and said.count(b"ready>") > marks:
        marks += 1
        if marks == 2:
            size(40, 120)
        os.write(fd, waiting.pop(0))
print(said.decode(errors="replace"))
print("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** All that the terminal showed, and "exit" with the exit code. `typed` is as Python writes it: "ls\\n|exit\\n". */
export async function atTerminal(
  typed: string,
  argv: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Promise<string> {
  const { stdout } = await runProcess({
    argv: ["python3", "-c", DRIVER, typed, ...argv],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  return stdout.toString();
}
