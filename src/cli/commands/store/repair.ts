/** `decant store repair`. */
export { repairCommand as command } from "./verify.ts";
