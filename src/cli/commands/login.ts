/** `decant login`. */
import { collect } from "../../bytes.ts";
import { usageError } from "../../errors.ts";
import { login } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { REGISTRY_OPTION_TABLE, registryEnv } from "../registry-options.ts";
import type { CliContext } from "../context.ts";

const MAX_PASSWORD_BYTES = 64 * 1024;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "login",
    usage: "[SERVER]",
    summary: "Log in to a registry",
    notes: `The registry checks user and password before they are kept: in the credential helper that docker's config.json names, else in that file. Without a server it is
Docker Hub.

Example: decant login -u me --password-stdin ghcr.io < token`,
    options: {
      ...REGISTRY_OPTION_TABLE,
      username: { type: "string", short: "u", value: "NAME", help: "The user; without this the terminal asks for it" },
      "password-stdin": { type: "boolean", help: "Read the password from standard input; without this the terminal asks for it" },
    },
    unsupported: {
      password: { type: "string", short: "p", hint: "Use --password-stdin: everybody on the machine can read the arguments of a command" },
    },
    words: { min: 0, max: 1 },
  },
  async (values, [server], context) => {
    const fromStdin = values["password-stdin"] ?? false;
    const username = values.username ?? (fromStdin ? undefined : await context.ask?.("Username: ", { secret: false }));
    if (username === undefined) throw usageError("Cannot log in: there is no user", "Name it: decant login -u NAME");
    const password = await readPassword(fromStdin, context);
    const { registry, kept, checked } = await login({
      server,
      username,
      password,
      env: registryEnv(values, context),
      signal: context.signal,
    });
    if (!checked) await context.stderr.write(`WARNING: "${registry}" lets everybody in, and did not look at the password\n`);
    if (kept.kind === "file")
      await context.stderr.write(
        `The password is kept in "${kept.place}", not encrypted; a credential helper (credsStore) would encrypt it\n`,
      );
    await context.stdout.write(`Login Succeeded\n`);
    return 0;
  },
);

async function readPassword(fromStdin: boolean, context: CliContext): Promise<string> {
  if (fromStdin) {
    const bytes = await collect(context.stdin, MAX_PASSWORD_BYTES, "password");
    return bytes.toString("utf8").replace(/\r?\n$/, "");
  }
  if (context.ask === undefined) throw usageError("Cannot ask for the password: standard input is no terminal", "Use --password-stdin");
  return await context.ask("Password: ", { secret: true });
}
