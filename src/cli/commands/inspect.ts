/** `decant inspect`. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import { isDecantError } from "../../errors.ts";
import { inspectImage, type ImageDetails } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { dockerInspect, property } from "../docker-inspect.ts";
import { printError } from "../errors/print.ts";
import { parseFormat } from "../format-option.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "inspect",
    usage: "IMAGE…",
    summary: "Show images: configuration, layers, and what is in them",
    notes: `Templates see the fields of docker inspect: .Id, .RepoTags, .Config.Env, .RootFS.Layers; besides .Digest and .Platform.
IMAGE is one of the store, or docker://NAME, oci:PATH, docker-archive:FILE. The layers of a registry stay there.

Examples:
  decant inspect app
  decant inspect docker://registry.example/app:1
  decant inspect --format json app:1 app:2
  decant inspect -f '{{json .Config.Labels}}' app
  decant inspect -f '{{range .Config.Env}}{{println .}}{{end}}' app`,
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", short: "f", value: "FORMAT", help: "How to print: pretty, json, or a template of Go such as '{{.Id}}'" },
      platform: { type: "string", value: "OS/ARCH", help: "Image of an index; by default that of the host" },
      sizes: { type: "boolean", help: "Also measure the compressed size, which compresses layers that are not yet" },
    },
    unsupported: {
      size: { type: "boolean", short: "s", hint: "Use --sizes" },
      type: { type: "string", hint: 'Leave it out: for containers there is "decant ps"' },
    },
    words: { min: 1, max: Infinity },
  },
  async (values, images, context) => {
    const format = parseFormat(values.format ?? "pretty", ["pretty", "json"]);
    let exitCode = 0;
    for (const [at, image] of images.entries()) {
      try {
        const details = await inspectImage({
          ...storeOptions(values, context),
          image,
          platform: values.platform,
          sizes: values.sizes ?? false,
          cwd: context.cwd,
        });
        await context.stdout.write(`${at > 0 && isPretty(format) ? "\n" : ""}${textOf(details, format)}`);
      } catch (error) {
        // The others are shown all the same, as docker does.
        if (images.length === 1 || !isDecantError(error, "IMAGE_NOT_FOUND")) throw error;
        await printError(error, context.stderr);
        exitCode = 1;
      }
    }
    return exitCode;
  },
);

type InspectFormat = ReturnType<typeof parseFormat<"pretty" | "json">>;

function isPretty(format: InspectFormat): boolean {
  return format.kind === "word" && format.word === "pretty";
}

/** JSON is a document for each image. */
function textOf(details: ImageDetails, format: InspectFormat): string {
  if (format.kind === "template") return format.lines([dockerInspect(details)]);
  return format.word === "json" ? `${JSON.stringify(details, undefined, 2)}\n` : pretty(details);
}

function pretty(details: ImageDetails): string {
  const { contents, layers } = details;
  const facts = formatTable([
    ...(details.names.length === 0 ? [["Name", "<none>"]] : details.names.map((name, at) => [at === 0 ? "Name" : "", name])),
    ["Digest", details.digest],
    ["Image ID", details.configDigest],
    ["Platform", details.platform],
    ...indexFacts(details),
    ...(contents?.compressedBytes === undefined ? [] : [["Compressed", formatSize(contents.compressedBytes)]]),
    ["Unpacked size", details.sizeBytes === undefined ? "unknown" : formatSize(details.sizeBytes)],
    ...(contents === undefined
      ? [["Files", "unknown: its layers are at the registry"]]
      : [
          ["Files", `${contents.files}, of ${formatSize(contents.unpackedBytes)}`],
          ["Shells", contents.shells.join(" ") || "none"],
          ["Package managers", contents.packageManagers.join(" ") || "none"],
        ]),
    ...(details.attestations.length === 0 ? [] : [["Attestations", safeLine(details.attestations.join(" "))]]),
    ...configFacts(details.config),
  ]);
  const rows = layers.map((layer, at) => [
    String(at + 1),
    shortDigest(layer.digest),
    formatSize(layer.sizeBytes),
    safeLine((layer.createdBy ?? "").replace(/\s+/g, " ")).slice(0, 80),
  ]);
  return `${facts}\n${formatTable([["LAYER", "DIGEST", "STORED SIZE", "CREATED BY"], ...rows], [2])}`;
}

function indexFacts({ index }: ImageDetails): string[][] {
  if (index === undefined) return [];
  const images = index.images.map(({ platform = "unknown", digest, attestations }) => {
    const about =
      attestations.length === 0 ? "" : `, ${attestations.length === 1 ? "1 attestation" : `${attestations.length} attestations`}`;
    return `${safeLine(platform)} ${digest}${about}`;
  });
  return [["Index", index.digest], ...images.map((image, at) => [at === 0 ? "Images" : "", image])];
}

/** The interesting parts of "config" of the configuration file, which is JSON that was validated on its way into the store. */
function configFacts(config: unknown): string[][] {
  const inner = property(config, "config");
  return [
    ["User", "User"],
    ["Entrypoint", "Entrypoint"],
    ["Cmd", "Cmd"],
    ["Working folder", "WorkingDir"],
    ["Environment", "Env"],
    ["Ports", "ExposedPorts"],
    ["Volumes", "Volumes"],
    ["Health check", "Healthcheck"],
    ["Labels", "Labels"],
    ["Stop signal", "StopSignal"],
  ].flatMap(([label = "", key = ""]) => {
    const value = property(inner, key);
    if (value === undefined || value === null || value === "") return [];
    if (key === "Env" && Array.isArray(value)) return value.map((one, at) => [at === 0 ? label : "", safeLine(String(one))]);
    return [[label, safeLine(typeof value === "string" ? value : JSON.stringify(value))]];
  });
}
