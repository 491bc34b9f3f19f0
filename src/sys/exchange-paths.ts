/** renameat2(2) with RENAME_EXCHANGE: two names change places at once, so that nobody ever sees one of them missing. */
import { constants } from "node:os";
import { bind, lastErrno, syscallError } from "./libc.ts";

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const { EINVAL, ENOSYS } = constants.errno;

const call = bind("int renameat2(int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags)");

/** Exchanges two paths of one file system. False where the kernel or the file system cannot. Throws `SYSCALL`. */
export function exchangePaths(one: string, other: string): boolean {
  if (call(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) === 0) return true;
  const errno = lastErrno();
  if (errno === EINVAL || errno === ENOSYS) return false;
  throw syscallError(`exchange "${one}" and "${other}"`, errno);
}
