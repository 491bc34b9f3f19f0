/** Words for what a Java program loads and does not find: classes, and native libraries of its own. */
import type { ElfMachine } from "../../../elf/index.ts";
import { toText } from "../../../paths.ts";
import { javaLoaded } from "../../closure/java-loaded.ts";
import type { JavaNeed } from "../../closure/java-walk.ts";
import { similarPath } from "../../closure/similar-path.ts";
import type { AuditFiles, AuditSubject, Finding } from "../../types.ts";
import { RUN, unlessCertain } from "./findings.ts";

const SHOWN = 5;

/** The findings. */
export async function loadedFindings(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Promise<readonly Finding[]> {
  const { missing, places, libraryPlaces } = await javaLoaded(subject, files, machine);
  return missing.map((need) => (need.kind === "class" ? missingClass(need, places) : missingLibrary(need, libraryPlaces, files)));
}

const dotted = (name: string): string => toText(name.replaceAll("/", "."));
const listed = (places: readonly string[]): string =>
  places
    .slice(0, SHOWN)
    .map((place) => `"${toText(place)}"`)
    .join(", ");

function missingClass(need: JavaNeed, places: readonly string[]): Finding {
  const name = dotted(need.name);
  return RUN.found("java-class-missing", {
    ...unlessCertain(need),
    message: `The class "${dotted(need.by)}" needs "${name}", which is not in ${listed(places)}${need.certain ? "" : "; whether that code runs, only running it tells"}`,
    remedy: "Copy the jar or folder that has it into the image, and name it in the class path (or in the Class-Path of the jar)",
    details: { class: name, by: dotted(need.by), classPath: places.map(toText) },
  });
}

function missingLibrary(need: JavaNeed, places: readonly string[], files: AuditFiles): Finding {
  const name = need.kind === "file" ? toText(need.name) : `lib${toText(need.name)}.so`;
  const where = need.kind === "file" ? "in the image" : `in ${listed(places)}`;
  const similar = need.kind === "file" ? similarPath(files, [need.name]) : undefined;
  return RUN.found("java-library-missing", {
    ...unlessCertain(need),
    message: `The class "${dotted(need.by)}" loads the native library "${name}", which is not ${where}${similar === undefined ? "" : `; it has "${toText(similar)}"`}`,
    remedy: "Copy the library into the image, and name its folder: -Djava.library.path=/app/lib",
    details: { library: name, by: dotted(need.by), certain: need.certain, ...(need.kind === "file" ? {} : { places: places.map(toText) }) },
  });
}
