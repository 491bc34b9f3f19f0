/** Keys, bundles and roots that a caller names: files, and variables of the environment as "env://NAME". */
import { resolve } from "node:path";
import { DecantError, unsupported } from "../errors.ts";
import type { KeyFile } from "../signatures/index.ts";
import { readNamedFile } from "../sys/index.ts";

const MAX_BYTES = 1024 * 1024;
const ENV = "env://";
/** Of cosign: keys that never leave their place. */
const ELSEWHERE = /^(?:awskms|gcpkms|azurekms|hashivault|k8s|pkcs11|gitlab|github|openbao):/;

/** Reads one. `what`: "key". Throws `NOT_FOUND`, `UNSUPPORTED`. */
export async function readKeyFile(
  what: string,
  name: string,
  { env, cwd, signal }: { readonly env: Readonly<Record<string, string | undefined>>; readonly cwd: string; readonly signal: AbortSignal },
): Promise<KeyFile> {
  if (ELSEWHERE.test(name)) throw unsupported(`A key in "${name}"`, { hint: "Use the file of a key, env://NAME, or sign without a key" });
  if (name.startsWith(ENV)) {
    const text = env[name.slice(ENV.length)];
    if (text === undefined) throw new DecantError("NOT_FOUND", `Cannot read ${what} "${name}": there is no such variable`);
    return { shown: name, text };
  }
  const read = await readNamedFile({ path: resolve(cwd, name) }, { maxBytes: MAX_BYTES, pipes: true, signal });
  if ("problem" in read) throw new DecantError("NOT_FOUND", `Cannot read ${what} "${name}": ${read.problem}`);
  return { shown: name, text: read.bytes.toString("utf8") };
}
