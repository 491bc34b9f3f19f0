/** `decant inspect`. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import { inspectImage, type ImageDetails } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "inspect",
    usage: "IMAGE",
    summary: "Show an image: configuration, layers, and what is in it",
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", short: "f", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
      sizes: { type: "boolean", help: "Also measure the compressed size, which compresses layers that are not yet" },
    },
    unsupported: { platform: { type: "string" }, size: { type: "boolean", short: "s", hint: "Use --sizes" }, type: { type: "string" } },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const details = await inspectImage({ ...storeOptions(values, context), image, sizes: values.sizes ?? false });
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(details, undefined, 2)}\n` : pretty(details));
    return 0;
  },
);

function pretty(details: ImageDetails): string {
  const { contents, layers } = details;
  const facts = formatTable([
    ...(details.names.length === 0 ? [["Name", "<none>"]] : details.names.map((name, at) => [at === 0 ? "Name" : "", name])),
    ["Digest", details.digest],
    ["Image ID", details.configDigest],
    ["Platform", details.platform],
    ...(contents.compressedBytes === undefined ? [] : [["Compressed", formatSize(contents.compressedBytes)]]),
    ["Unpacked", `${formatSize(contents.unpackedBytes)} in ${contents.files} files`],
    ["Shells", contents.shells.join(" ") || "none"],
    ["Package managers", contents.packageManagers.join(" ") || "none"],
    ...(details.attestations.length === 0 ? [] : [["Attestations", safeLine(details.attestations.join(" "))]]),
    ...configFacts(details.config),
  ]);
  const rows = layers.map((layer, at) => [
    String(at + 1),
    shortDigest(layer.digest),
    formatSize(layer.sizeBytes),
    safeLine((layer.createdBy ?? "").replace(/\s+/g, " ")).slice(0, 80),
  ]);
  return `${facts}\n${formatTable([["LAYER", "DIGEST", "SIZE", "CREATED BY"], ...rows], [2])}`;
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

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
