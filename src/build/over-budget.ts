/** What makes an image too large: its largest contributors, by instruction and by path. */
import { formatSize } from "../bytes.ts";
import { DecantError } from "../errors.ts";
import { type BuiltImage, instructionOf } from "../image/index.ts";
import { toText } from "../paths.ts";
import { loadLayers } from "../tree/index.ts";

/** Bytes of the files that an instruction or a path brings. */
interface Contributor {
  readonly name: string;
  readonly sizeBytes: number;
}

const SHOWN = 10;
/** "/usr/lib/python3": deeper paths are summed. */
const DEPTH = 3;

interface OverBudget {
  /** Which image of the build; empty where there is one alone. */
  readonly shown: string;
  readonly sizeBytes: number;
  readonly budgetBytes: number;
  readonly signal: AbortSignal;
}

/** The error `BUDGET`. */
export async function overBudget(image: BuiltImage, { shown, sizeBytes, budgetBytes, signal }: OverBudget): Promise<DecantError> {
  const { instructions, paths } = await contributors(image, signal);
  const listed = (title: string, all: readonly Contributor[]): string =>
    [`\n${title}:`, ...all.map((one) => `\n- ${formatSize(one.sizeBytes)} ${one.name}`)].join("");
  return new DecantError(
    "BUDGET",
    `Cannot accept ${shown === "" ? "the image" : `the image ${shown}`}: its files have ${formatSize(sizeBytes)}, and the budget is ${formatSize(budgetBytes)}` +
      listed("By instruction", instructions) +
      listed("By path", paths),
    {
      hint: "Leave out what is not needed, or raise --budget; nothing was written",
      details: { sizeBytes, budgetBytes, instructions, paths },
    },
  );
}

async function contributors(
  { layers, history }: BuiltImage,
  signal: AbortSignal,
): Promise<{ readonly instructions: Contributor[]; readonly paths: Contributor[] }> {
  const lines = history.filter((entry) => entry.empty_layer !== true);
  const byInstruction = new Map<string, number>();
  const byPath = new Map<string, number>();
  const add = (sums: Map<string, number>, name: string, bytes: number): void => void sums.set(name, (sums.get(name) ?? 0) + bytes);
  for (const [at, { index }] of (await loadLayers(layers, signal)).entries()) {
    const instruction = instructionOf(lines[at]?.created_by ?? "").replaceAll(/\s+/g, " ");
    const name = instruction === "" ? `layer ${at + 1}` : instruction;
    for (let position = 0; position < index.count; position += 1) {
      if (index.kind(position) !== "file") continue;
      const { path, size } = index.at(position);
      add(byInstruction, name, size);
      add(byPath, `/${toText(path).split("/").slice(0, DEPTH).join("/")}`, size);
    }
  }
  return { instructions: largest(byInstruction), paths: largest(byPath) };
}

function largest(sums: ReadonlyMap<string, number>): Contributor[] {
  const all = [...sums].map(([name, sizeBytes]) => ({ name, sizeBytes }));
  return all.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.name < b.name ? -1 : 1)).slice(0, SHOWN);
}
