/** `decant generate-key-pair`. */
import { rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { DecantError, errnoOf, usageError } from "../../errors.ts";
import { generateKeyPair } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "generate-key-pair",
    usage: "",
    summary: "Make a pair of keys for decant sign and decant verify, as cosign does",
    notes: `Writes cosign.key, which is encrypted with a password and stays with you, and cosign.pub, which is for everybody. cosign reads them, too. The password is
COSIGN_PASSWORD, or asked for.`,
    options: {
      "output-key-prefix": { type: "string", value: "PATH", help: 'What the files are called without .key and .pub; by default "cosign"' },
    },
    unsupported: {
      kms: { type: "string", hint: "Leave it out: keys are files" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const prefix = resolve(context.cwd, values["output-key-prefix"] ?? "cosign");
    const pair = await generateKeyPair({ password: await newPassword(context) });
    await writeNew(`${prefix}.key`, pair.privateKey, 0o600);
    try {
      await writeNew(`${prefix}.pub`, pair.publicKey, 0o644);
    } catch (error) {
      await rm(`${prefix}.key`);
      throw error;
    }
    await context.stdout.write(`Private key: ${prefix}.key\nPublic key:  ${prefix}.pub\n`);
    return 0;
  },
);

async function newPassword({ env, ask }: CliContext): Promise<string> {
  const set = env["COSIGN_PASSWORD"];
  if (set !== undefined) return set;
  if (ask === undefined)
    throw usageError("Cannot ask for the password of the key: standard input is no terminal", "Set COSIGN_PASSWORD; it may be empty");
  const password = await ask("Password for the private key: ", { secret: true });
  if ((await ask("The same again: ", { secret: true })) !== password) throw usageError("Cannot make the key: the two passwords differ");
  return password;
}

/** A key that is there is never written over: what it has signed could not be verified any more. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(path, text, { mode, flag: "wx" });
  } catch (cause) {
    const isThere = errnoOf(cause) === "EEXIST";
    throw new DecantError("EXPORT", `Cannot write "${path}": ${isThere ? "it is there already" : (errnoOf(cause) ?? "it failed")}`, {
      hint: isThere ? "Move it away, or use --output-key-prefix" : "Choose a folder that you may write to",
      cause,
    });
  }
}
