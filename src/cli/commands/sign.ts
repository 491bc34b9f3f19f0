/** `decant sign`. */
import { signImage } from "../../index.ts";
import { usageError } from "../../errors.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { parseKeyValues } from "../key-values.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { openResultFile } from "../result-file.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const REKOR_VERSIONS = ["1", "2"] as const;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "sign",
    usage: "IMAGE",
    summary: "Sign an image, as cosign 3 does: a sigstore bundle beside it",
    notes: `IMAGE is an image of the store, or else of a registry; docker://NAME is always one of a registry. A signature in the store goes along with a push.
With --key, Decant asks nobody else. The password of the key is COSIGN_PASSWORD, or asked for. Without --key, the image is signed as whoever a token of
OpenID Connect names: --identity-token, SIGSTORE_ID_TOKEN, or that of a workflow of GitHub. Such a signature is in a public log, with the name of the signer.

Examples:
  decant generate-key-pair
  decant sign --key cosign.key docker://registry.example/app:1
  decant sign registry.example/app@sha256:…`,
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      key: { type: "string", value: "FILE", help: "The private key: cosign's, another one in PEM, or env://NAME" },
      "identity-token": { type: "string", value: "TOKEN", help: "Who signs: a token of OpenID Connect, or a file with one" },
      annotations: { type: "string", multiple: true, short: "a", value: "KEY=VALUE", help: "What the signature says besides" },
      bundle: { type: "string", value: "FILE", help: "Write the bundle to a file, too" },
      upload: { type: "boolean", help: "Store the signature beside the image; --upload=false only makes the bundle" },
      "tlog-upload": { type: "boolean", help: "With --key: write the signature down in the public log" },
      "fulcio-url": { type: "string", value: "URL", help: "The certificate authority; by default that of sigstore.dev" },
      "rekor-url": { type: "string", value: "URL", help: "The transparency log; by default that of sigstore.dev" },
      "rekor-version": { type: "string", value: "VERSION", help: "What the log speaks; by default 1", choices: REKOR_VERSIONS },
      "timestamp-server-url": {
        type: "string",
        value: "URL",
        help: "A timestamp authority (RFC 3161), which says when the image was signed",
      },
      yes: { type: "boolean", short: "y", help: "Nothing is asked, with or without it" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    unsupported: {
      ...REGISTRY_UNSUPPORTED,
      recursive: { type: "boolean", short: "r", hint: "Sign each image by its digest; a signature of an index covers all that is in it" },
      sk: { type: "boolean", hint: "Use --key with the file of a key, or sign without a key" },
      "new-bundle-format": { type: "boolean", hint: "Leave it out: signatures are always bundles" },
      "use-signing-config": { type: "boolean", hint: "Leave it out, or use --fulcio-url and --rekor-url" },
      "signing-config": { type: "string", hint: "Use --fulcio-url and --rekor-url" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    if (values.upload === false && values.bundle === undefined)
      throw usageError("Cannot sign with --upload=false: the signature would be nowhere", "Write it to a file: --bundle FILE");
    const file = values.bundle === undefined ? undefined : await openResultFile(values.bundle, context);
    const { ask } = context;
    const run = signImage({
      ...storeOptions(values, context),
      image,
      key: values.key,
      password: ask === undefined ? undefined : () => ask("Password of the key: ", { secret: true }),
      identityToken: values["identity-token"],
      annotations: parseKeyValues(values.annotations, "--annotations", () => ""),
      fulcioUrl: values["fulcio-url"],
      rekorUrl: values["rekor-url"],
      rekorVersion: values["rekor-version"],
      timestampServerUrl: values["timestamp-server-url"],
      tlogUpload: values["tlog-upload"],
      upload: values.upload,
      cwd: context.cwd,
    });
    const { image: name, place, digests, bundles } = await showRun(run, values.progress ?? "auto", context);
    await file?.write(`${bundles[0] ?? ""}\n`);
    const where = { registry: "", store: ", in the store", nowhere: ", without storing the signature" }[place];
    await context.stdout.write(`Signed ${name}@${digests[0] ?? ""}${where}\n`);
    const [, pushed] = digests;
    if (pushed !== undefined) await context.stdout.write(`and ${pushed}, which a push makes of it\n`);
    return 0;
  },
);
