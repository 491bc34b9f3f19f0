/** A source policy that comes with the request of a build (EXPERIMENTAL_BUILDKIT_SOURCE_POLICY of buildx, --source-policy-file of buildctl). */
import { type SourcePolicy, sourcePolicyIn } from "../../project/index.ts";
import { lacking } from "../llb/lacking.ts";
import { unknownField } from "../llb/unknown-field.ts";
import type { SolveRequest } from "../wire/control_pb.ts";

/** The policy; undefined where there is none. Throws `SOURCE_POLICY`, and `UNSUPPORTED` for rules that say what we cannot read. */
export async function fixedPolicy({ sourcePolicy }: SolveRequest): Promise<SourcePolicy | undefined> {
  if (sourcePolicy === undefined || sourcePolicy.rules.length === 0) return undefined;
  const unknown = unknownField(sourcePolicy);
  if (unknown !== undefined) throw lacking(`a source policy with a field that Decant does not know (${unknown})`);
  const rules = sourcePolicy.rules.map(({ action, selector, updates }) => ({
    action,
    selector: {
      identifier: selector?.identifier ?? "",
      match_type: selector?.matchType ?? 0,
      constraints: (selector?.constraints ?? []).map(({ key, value, condition }) => ({ key, value, condition })),
    },
    ...(updates === undefined ? {} : { updates: { identifier: updates.identifier, attrs: { ...updates.attrs } } }),
  }));
  return await sourcePolicyIn(JSON.stringify({ version: Number(sourcePolicy.version), rules }), "the client's source policy");
}
