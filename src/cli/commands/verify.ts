/** `decant verify`. */
import { type SignerIdentity, type VerifiedImage, verifyImage } from "../../index.ts";
import { usageError } from "../../errors.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { parseKeyValues } from "../key-values.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";

const NO_LOG = "Leave it out: with --key, no log is asked, and without it the log always counts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "verify",
    usage: "IMAGE",
    summary: "Verify that an image is signed by those whom you trust; exit code 1 when it is not",
    notes: `IMAGE is an image of the store, or else of a registry; docker://NAME is always one of a registry. Signatures are those that the store keeps beside the
image, and those of its registry. One that counts is enough.

Examples:
  decant verify --key cosign.pub registry.example/app:1
  decant verify --certificate-identity me@example.com --certificate-oidc-issuer https://accounts.google.com registry.example/app:1`,
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      key: { type: "string", multiple: true, value: "FILE", help: "A public key, or env://NAME; of several one is enough" },
      "certificate-identity": { type: "string", value: "NAME", help: "Who must have signed: an address of mail, or of a workflow" },
      "certificate-identity-regexp": { type: "string", value: "PATTERN", help: "The same as a regular expression; it may fit a part" },
      "certificate-oidc-issuer": { type: "string", value: "URL", help: "Who must have said that it is them" },
      "certificate-oidc-issuer-regexp": { type: "string", value: "PATTERN", help: "The same as a regular expression" },
      annotations: { type: "string", multiple: true, short: "a", value: "KEY=VALUE", help: "What the signature must say" },
      "trusted-root": { type: "string", value: "FILE", help: "The authorities and logs that count; by default those of sigstore.dev" },
      bundle: { type: "string", value: "FILE", help: "The bundle that counts, instead of those beside the image" },
      output: { type: "string", short: "o", value: "FORM", help: "How the result is written", choices: ["text", "json"] },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    unsupported: {
      ...REGISTRY_UNSUPPORTED,
      "insecure-ignore-tlog": { type: "boolean", hint: NO_LOG },
      "insecure-ignore-sct": { type: "boolean", hint: "Use --trusted-root with the logs that count" },
      "private-infrastructure": { type: "boolean", hint: NO_LOG },
      offline: { type: "boolean", hint: "Leave it out: only the registry is asked" },
      "new-bundle-format": { type: "boolean", hint: "Leave it out: signatures are always bundles" },
      certificate: { type: "string", hint: "Use --key with the certificate of the signer, whose key counts then" },
      sk: { type: "boolean", hint: "Use --key with the file of the public key" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const subject = oneOf(values, "certificate-identity");
    const issuer = oneOf(values, "certificate-oidc-issuer");
    if ((subject === undefined) !== (issuer === undefined))
      throw usageError(
        "Cannot verify by identity: an identity counts only with the issuer that confirms it",
        "Use both: --certificate-identity NAME --certificate-oidc-issuer URL",
      );
    if (values.key.length === 0 && subject === undefined)
      throw usageError(
        "Cannot verify an image: nobody says who must have signed it",
        "Use --key cosign.pub, or --certificate-identity and --certificate-oidc-issuer",
      );
    const identities: SignerIdentity[] = subject === undefined || issuer === undefined ? [] : [{ subject, issuer }];
    const run = verifyImage({
      ...storeOptions(values, context),
      image,
      keys: values.key,
      identities,
      annotations: parseKeyValues(values.annotations, "--annotations", () => ""),
      trustedRoot: values["trusted-root"],
      bundle: values.bundle,
      cwd: context.cwd,
    });
    const verified = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(values.output === "json" ? jsonOf(verified) : textOf(verified));
    return 0;
  },
);

type Values = Readonly<Record<string, unknown>>;

/** The text of `--NAME`, or the pattern of `--NAME-regexp`. */
function oneOf(values: Values, name: string): string | RegExp | undefined {
  const [exact, pattern] = [values[name], values[`${name}-regexp`]];
  if (exact !== undefined && pattern !== undefined)
    throw usageError(`Cannot use --${name} and --${name}-regexp together: wanted one of them`);
  if (typeof exact === "string") return exact;
  if (typeof pattern !== "string") return undefined;
  try {
    return new RegExp(pattern);
  } catch {
    throw usageError(`Cannot use --${name}-regexp "${pattern}": it is no regular expression`);
  }
}

function textOf({ image, digest, signatures }: VerifiedImage): string {
  const lines = signatures.map(({ key, subject = "", issuer = "", annotations }) => {
    const said = Object.entries(annotations).map(([name, value]) => ` ${name}=${value}`);
    return `  signed by ${key === undefined ? `${subject} (${issuer})` : `the key "${key}"`}${said.join("")}`;
  });
  return [`Verified ${withoutDigest(image)}@${digest}`, ...lines.map(safeLine), ""].join("\n");
}

/** As cosign writes it. */
function jsonOf({ image, digest, signatures }: VerifiedImage): string {
  const all = signatures.map(({ subject, issuer, annotations }) => ({
    critical: {
      identity: { "docker-reference": withoutDigest(image) },
      image: { "docker-manifest-digest": digest },
      type: "https://sigstore.dev/cosign/sign/v1",
    },
    optional: { ...annotations, ...(subject === undefined ? {} : { Subject: subject, Issuer: issuer }) },
  }));
  return `${JSON.stringify(all)}\n`;
}

function withoutDigest(image: string): string {
  const at = image.indexOf("@");
  return at < 0 ? image : image.slice(0, at);
}
