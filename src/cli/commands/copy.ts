/** `decant copy`. */
import { copyImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "copy",
    usage: "SOURCE DESTINATION",
    summary: "Copy an image between registries, the store, OCI layouts and archives, with its digest",
    notes: `All platforms, attestations and signatures are copied, and between registries also the tags of cosign 2. SOURCE and DESTINATION are:
  NAME, docker://NAME         an image of a registry; a SOURCE that the store has comes from there
  store:NAME                  an image of the store
  oci:PATH[:TAG]              an OCI layout: a folder, or a tar whose name ends with .tar
  docker-archive:FILE[:NAME]  an archive of docker save

Examples:
  decant copy docker://debian:13 registry.example/mirror/debian:13
  decant copy registry.example/app:1 oci:out:1
  decant copy --platform linux/arm64 oci:out:1 docker-archive:app.tar:app:1`,
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: "All platforms, which is what happens without --platform" },
      platform: { type: "string", value: "OS/ARCH", help: "Only this platform" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress" },
    },
    unsupported: {
      ...REGISTRY_UNSUPPORTED,
      "src-creds": REGISTRY_UNSUPPORTED.creds,
      "dest-creds": REGISTRY_UNSUPPORTED.creds,
      "src-tls-verify": { type: "boolean", hint: "Use --tls-verify, and registries.conf for registries without TLS" },
      "dest-tls-verify": { type: "boolean", hint: "Use --tls-verify, and registries.conf for registries without TLS" },
      format: { type: "string", short: "f", hint: "Leave it out: an image is copied byte by byte, so its digest stays" },
      "multi-arch": { type: "string", hint: "Leave it out for all platforms, or use --platform OS/ARCH for one" },
      "override-arch": { type: "string", hint: "Use --platform OS/ARCH" },
      "override-os": { type: "string", hint: "Use --platform OS/ARCH" },
      "preserve-digests": { type: "boolean", hint: "Leave it out: digests always stay" },
      "remove-signatures": { type: "boolean", hint: "Leave it out" },
      "sign-by": { type: "string", hint: "Sign the copy: decant sign --key FILE docker://NAME" },
    },
    words: { min: 2, max: 2 },
  },
  async (values, [source = "", destination = ""], context) => {
    const { platform } = values;
    const run = copyImage({ ...storeOptions(values, context), source, destination, platform, cwd: context.cwd });
    const { descriptor, names, referrers } = await showRun(run, values.quiet === true ? "quiet" : (values.progress ?? "auto"), context);
    const more = referrers === 0 ? "" : ` and ${referrers} referrer${referrers === 1 ? "" : "s"}`;
    await context.stdout.write(`${names[0] ?? destination}@${descriptor.digest}${more}\n`);
    return 0;
  },
);
