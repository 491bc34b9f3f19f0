/** Base images as other builders make them (R5): nulls, variables without a value, histories of another length, media types of Docker. */
import type { Base } from "../conformance/types.ts";
import { createRandom, type Random } from "./random.ts";

/** Numbers of their own, so that the rest of a seed's case stays what it was. */
const ODD = 0x0dd;

type Change = (base: Base) => Base;

const config =
  (fields: Readonly<Record<string, unknown>>): Change =>
  (base) => ({ ...base, config: { ...base.config, ...fields } });

const CHANGES: readonly [Change, ...Change[]] = [
  config({ ExposedPorts: null }),
  config({ ExposedPorts: { "80/tcp": null, "81/udp": {} } }),
  config({ Volumes: null }),
  config({ Volumes: { "/d": null } }),
  config({ Labels: null }),
  config({ Env: null }),
  config({ Env: ["NOVALUE", "PATH=/bin", "A=base", "=x"] }),
  config({ Cmd: null, Entrypoint: null }),
  config({ OnBuild: null, Shell: null, Healthcheck: null }),
  config({ StopSignal: "", WorkingDir: "", User: "" }),
  (base) => ({ ...base, manifest: { ...base.manifest, mediaType: undefined } }),
  (base) => ({ ...base, layerType: "application/vnd.docker.image.rootfs.diff.tar" }),
  (base) => ({ ...base, document: { ...base.document, variant: "", created: "0001-01-01T00:00:00Z" } }),
  (base) => ({ ...base, document: { ...base.document, history: withEmptyLayers(base) } }),
];

/** The base, with up to three oddities in half of the cases. */
export function oddBase(base: Base, seed: number): Base {
  const random: Random = createRandom(seed ^ ODD);
  let odd = base;
  for (let left = random.chance(0.5) ? 1 + random.below(3) : 0; left > 0; left -= 1) odd = random.pick(CHANGES)(odd);
  return odd;
}

function withEmptyLayers({ layers = [] }: Base): object[] {
  const empty = { created_by: "ENV a=b", empty_layer: true };
  return [empty, ...layers.flatMap((_, at) => [{ created_by: `layer ${at}` }, empty])];
}
