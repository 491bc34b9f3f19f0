/** Trusted certificates: the bundle that OpenSSL and others read, and Java's own store, out of a package's files and what a recipe adds. */
import { X509Certificate } from "node:crypto";
import { collect } from "../bytes.ts";
import { compareTreePaths, displayPath, isWithin, type TreePath, treePath } from "../paths.ts";
import { type LayerItem, readData } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { javaKeyStore } from "./java-keystore.ts";
import { textItem } from "./layer-items.ts";
import type { Certificates } from "./recipe.ts";

const BUNDLE = "/etc/ssl/certs/ca-certificates.crt";
const JAVA_STORE = "/etc/ssl/certs/java/cacerts";
const FOLDER: TreePath = treePath("usr/share/ca-certificates");
const MAX_CERTIFICATE_BYTES = 1024 * 1024;
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The bundle and, where it is wanted, Java's store; `items` are all files of the package. Throws `RECIPE` for what is no certificate. */
export async function certificateItems(recipe: string, certificates: Certificates, items: readonly LayerItem[]): Promise<LayerItem[]> {
  const own = items.filter(({ entry }) => entry.kind === "file" && isWithin(entry.path, FOLDER));
  if (own.length === 0) throw recipeError(recipe, `the package ${certificates.package} has no certificates below ${displayPath(FOLDER)}`);
  const blocks: string[] = [];
  for (const { entry, data } of own.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path))) {
    const bytes = data === undefined ? Buffer.alloc(0) : await collect(readData(data, entry.size), MAX_CERTIFICATE_BYTES);
    blocks.push(...blocksOf(recipe, `"${displayPath(entry.path)}" of ${certificates.package}`, bytes.toString("latin1")));
  }
  certificates.add.forEach((pem, at) => {
    const added = blocksOf(recipe, `added certificate ${at + 1}`, pem);
    for (const block of added) certificateOf(recipe, `added certificate ${at + 1}`, block);
    blocks.push(...added);
  });
  const bundle = textItem(BUNDLE, Buffer.from(blocks.map((block) => `${block}\n`).join(""), "latin1"));
  if (!certificates.java) return [bundle];
  return [bundle, textItem(JAVA_STORE, javaKeyStore(blocks.map((block) => certificateOf(recipe, "bundle", block))))];
}

/** The certificates of a PEM file, without what else is in it. */
function blocksOf(recipe: string, what: string, pem: string): string[] {
  const blocks = [...pem.replaceAll("\r\n", "\n").matchAll(BLOCK)].map(([block]) => block);
  if (blocks.length === 0) throw recipeError(recipe, `the ${what} is not a certificate in PEM`);
  return blocks;
}

function certificateOf(recipe: string, what: string, block: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (cause) {
    throw recipeError(
      recipe,
      `the ${what} has something that is no certificate: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
}
