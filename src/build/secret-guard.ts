/** The guard of a build, with all that the caller lends to it: secrets, files of private SSH keys, and passwords in addresses of proxies. */
import { resolve } from "node:path";
import type { ContextOptions } from "../context/index.ts";
import type { SourceAccess } from "../engine/index.ts";
import { isDecantError } from "../errors.ts";
import { readUserInfo } from "../net/index.ts";
import type { SecretGuard } from "../secrets/index.ts";
import { readNamedFile } from "../sys/index.ts";

/** What relative paths and variables are looked up in. */
interface Surroundings {
  readonly access: SourceAccess;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Secrets are those of a client, who says a value only when it is asked for. */
  readonly isClient: boolean;
  readonly signal: AbortSignal;
}

const PROXY = /^(?:https?|ftp|all)_proxy$/i;
const MAX_KEY_BYTES = 100 * 1024;

/** Undefined for a build that knows no secrets: it has nothing to look for. */
export async function openGuard(
  options: ContextOptions & { readonly allowSecretIn?: readonly string[] | undefined },
  { access, cwd, env, isClient, signal }: Surroundings,
): Promise<SecretGuard | undefined> {
  const { secrets = [], ssh = [], buildArgs = {} } = options;
  const proxies = [...Object.entries(env), ...Object.entries(buildArgs)].flatMap(([name, value]) => {
    const password = value !== undefined && PROXY.test(name) ? passwordOf(value) : "";
    return password === "" ? [] : [{ name, password }];
  });
  if (secrets.length + ssh.length + proxies.length === 0 && !isClient) return undefined;
  const { createSecretGuard } = await import("../secrets/index.ts");
  const guard = createSecretGuard(options.allowSecretIn ?? []);
  for (const { id } of secrets) guard.learn(`secret "${id}"`, (await valueOf(access, id, signal)) ?? Buffer.alloc(0));
  for (const { name, password } of proxies) guard.learn(`the password of ${name}`, Buffer.from(password));
  for (const { id, paths = [] } of ssh) {
    for (const path of paths.filter((one) => one !== "")) {
      const read = await readNamedFile({ path: resolve(cwd, path) }, { maxBytes: MAX_KEY_BYTES, signal });
      // The socket of an agent gives no key away.
      if ("bytes" in read) guard.learn(`the private key of SSH agent "${id}"`, read.bytes);
    }
  }
  return guard;
}

/** What cannot be read is told by the step that wants it. */
async function valueOf(access: SourceAccess, id: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
  try {
    return await access.secret(id, signal);
  } catch (error) {
    if (isDecantError(error, "USAGE")) return undefined;
    throw error;
  }
}

function passwordOf(proxy: string): string {
  const url = URL.parse(proxy) ?? URL.parse(`http://${proxy}`);
  return (url === null ? undefined : readUserInfo(url).login?.password) ?? "";
}

/** What a client lends, each secret of which the guard learns when it comes. */
export function learning(access: SourceAccess, guard: SecretGuard): SourceAccess {
  return {
    ...access,
    async secret(id, signal) {
      const value = await access.secret(id, signal);
      if (value !== undefined) guard.learn(`secret "${id}"`, value);
      return value;
    },
  };
}
