/** The kinds of findings of "Where the bytes are", and of the audit itself. */
import { type KindTable, kindTable } from "../../finding-kinds.ts";

/** What can be found. */
type SizeId = "image-too-large" | "shadowed-bytes" | "duplicate-files" | "not-examined" | "allowance-unused";

/** The table. */
export const SIZE: KindTable<SizeId> = kindTable("size", {
  "image-too-large": ["error", "The image is larger than the policy allows"],
  "shadowed-bytes": ["warning", "Lower layers hold bytes that nobody can see"],
  "duplicate-files": ["note", "The same content is in the image several times"],
  "not-examined": ["note", "The audit could not examine some files"],
  "allowance-unused": ["note", "The policy allows something that the audit did not find"],
});
