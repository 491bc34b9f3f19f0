/** A page that shows a build and its image. */
export { buildData } from "./build-data.ts";
export type { ReportImage, ReportSubject } from "./data.ts";
export { imageData } from "./image-data.ts";
export { makeReport } from "./make-report.ts";
