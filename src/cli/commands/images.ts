/** `decant images`. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import { unsupported, usageError } from "../../errors.ts";
import { listImages, type ImageSummary, type ListImagesOptions } from "../../index.ts";
import { parseReference } from "../../oci/index.ts";
import { ago } from "../ago.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { familiarParts } from "../familiar.ts";
import { parseFormat } from "../format-option.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { formatTable } from "../table.ts";
import type { Value } from "../template/functions.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "images",
    usage: "[NAME…]",
    summary: "List the images of the store",
    notes: `NAME is a repository, a name with a tag, or a pattern: app, app:1, "team/*". The size is that of all files of all layers, unpacked.

Filters: reference=PATTERN, dangling=true|false, label=KEY[=VALUE], before=IMAGE, since=IMAGE.
Fields of templates: .Name, .Repository, .Tag, .ID, .Digest, .Platform, .CreatedAt, .CreatedSince, .Size.

Examples:
  decant images app
  decant images --filter label=team=web --filter since=app:1
  decant images --format '{{.Repository}}:{{.Tag}} {{.Size}}'
  decant images --format 'table {{.Name}}\\t{{.CreatedSince}}'`,
    options: {
      ...STORE_OPTION_TABLE,
      all: { type: "boolean", short: "a", help: "All images, also those without a name; they are always listed" },
      digests: { type: "boolean", help: "Show digests, too" },
      filter: { type: "string", multiple: true, short: "f", value: "KEY=VALUE", help: "Only images that this is true of" },
      format: { type: "string", value: "FORMAT", help: "How to print: table, json, or a template of Go such as '{{.ID}}'" },
      "no-trunc": { type: "boolean", help: "Print IDs whole" },
      quiet: { type: "boolean", short: "q", help: "Print the image IDs only" },
    },
    unsupported: { tree: { type: "boolean" } },
    words: { min: 0, max: Infinity },
  },
  async (values, words, context) => {
    const format = parseFormat(values.format ?? "table", ["table", "json"]);
    const isWhole = values["no-trunc"] === true;
    const images = await listImages({ ...storeOptions(values, context), ...filtersOf(words, values.filter) });
    const text = (): string => {
      if (values.quiet === true) return images.map((image) => `${image.configDigest}\n`).join("");
      if (format.kind === "template") return format.lines(images.map((image) => fieldsOf(image, isWhole)));
      if (format.word === "json") return `${JSON.stringify(images, undefined, 2)}\n`;
      return imageTable(images, { isWhole, digests: values.digests === true });
    };
    await context.stdout.write(text());
    return 0;
  },
);

/** Filters in docker's form. Throws `USAGE`, `UNSUPPORTED`. */
function filtersOf(words: readonly string[], texts: readonly string[]): Omit<ListImagesOptions, "root" | "env" | "signal"> {
  const given = texts.map((text) => {
    const [key = "", value] = text.split(/=(.*)/s);
    if (value === undefined) throw usageError(`Cannot use --filter "${text}": wanted KEY=VALUE`);
    return { key, value };
  });
  const valuesOf = (...keys: readonly string[]): readonly string[] =>
    given.flatMap(({ key, value }) => (keys.includes(key) ? [value] : []));
  const known = ["reference", "dangling", "label", "before", "since"];
  const other = given.find(({ key }) => !known.includes(key));
  if (other !== undefined) throw unsupported(`--filter ${other.key}`, { hint: `Use one of ${known.join(", ")}` });
  const dangling = valuesOf("dangling").at(-1);
  if (dangling !== undefined && !/^(?:true|1|false|0)$/.test(dangling))
    throw usageError(`Cannot use --filter dangling=${dangling}: wanted true or false`);
  return {
    references: [...words, ...valuesOf("reference")],
    labels: valuesOf("label"),
    dangling: dangling === undefined ? undefined : dangling === "true" || dangling === "1",
    before: valuesOf("before").at(-1),
    since: valuesOf("since").at(-1),
  };
}

function imageTable(
  images: readonly ImageSummary[],
  { isWhole, digests }: { readonly isWhole: boolean; readonly digests: boolean },
): string {
  const rows = images.map(({ name, digest, configDigest, platform, created, sizeBytes }) => [
    name ?? "<none>",
    ...(digests ? [digest] : []),
    isWhole ? configDigest : shortDigest(configDigest),
    platform,
    created === undefined ? "" : created.slice(0, 16).replace("T", " "),
    sizeText(sizeBytes),
  ]);
  const heads = ["NAME", ...(digests ? ["DIGEST"] : []), "IMAGE ID", "PLATFORM", "CREATED", "UNPACKED SIZE"];
  return formatTable([heads, ...rows], [heads.length - 1]);
}

function sizeText(sizeBytes: number | undefined): string {
  return sizeBytes === undefined ? "unknown" : formatSize(sizeBytes);
}

/** What templates see: docker's fields, and Name and Platform. */
function fieldsOf({ name, digest, configDigest, platform, created, sizeBytes }: ImageSummary, isWhole: boolean): Value {
  const { repository, tag } = name === undefined ? { repository: "<none>", tag: "<none>" } : familiarParts(parseReference(name));
  const time = Date.parse(created ?? "");
  return {
    Name: name ?? "<none>",
    Repository: repository,
    Tag: tag,
    ID: isWhole ? configDigest : shortDigest(configDigest),
    Digest: digest,
    Platform: platform,
    CreatedAt: Number.isNaN(time) ? "" : `${new Date(time).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`,
    CreatedSince: Number.isNaN(time) ? "" : ago(time, Date.now()),
    Size: sizeText(sizeBytes),
  };
}
