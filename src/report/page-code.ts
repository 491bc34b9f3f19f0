/**
 * The page's script and style. From the sources esbuild makes them of page/, each time it is asked; scripts/bundle.ts puts in the place of this
 * file one that has them as text, so the published package needs neither.
 */
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** Both as the document has them. */
export interface PageCode {
  readonly script: string;
  readonly style: string;
  /** The files that they are made of, from the root of the repository. */
  readonly files: readonly string[];
}

/** Bundles the page. */
export async function pageCode(): Promise<PageCode> {
  const { build } = await import("esbuild");
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [
      { in: "src/report/page/main.ts", out: "script" },
      { in: "src/report/page/style.css", out: "style" },
    ],
    outdir: "dist",
    bundle: true,
    minify: true,
    format: "iife",
    platform: "browser",
    target: ["es2022"],
    legalComments: "none",
    charset: "utf8",
    metafile: true,
    write: false,
  });
  const textOf = (end: string): string => outputFiles.find(({ path }) => path.endsWith(end))?.text.trim() ?? "";
  return { script: textOf(".js"), style: textOf(".css"), files: Object.keys(metafile.inputs) };
}
