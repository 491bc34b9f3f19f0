/** The checks of "It can run as told". */
import type { AuditCheck } from "../types.ts";
import { healthcheckCheck } from "./run-as-healthcheck.ts";
import { placesCheck } from "./run-as-places.ts";
import { userCheck } from "./run-as-user.ts";

/** All of them; they run one after the other. */
export const RUN_AS_CHECKS: readonly AuditCheck[] = [userCheck, placesCheck, healthcheckCheck];
