/** The checks of "It can run as configured". */
import type { AuditCheck } from "../../types.ts";
import { healthcheckCheck } from "./healthcheck.ts";
import { placesCheck } from "./places.ts";
import { userCheck } from "./user.ts";

/** All of them; they run one after the other. */
export const RUN_AS_CHECKS: readonly AuditCheck[] = [userCheck, placesCheck, healthcheckCheck];
