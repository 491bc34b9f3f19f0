/** The one error of the elf room. */
import { DecantError } from "../errors.ts";

/** `ELF`: a file starts as an ELF file does and cannot be one. */
export function elfError(problem: string): DecantError {
  return new DecantError("ELF", `Cannot read ELF file: ${problem}`);
}
