/** A source policy that comes with the request of a build (EXPERIMENTAL_BUILDKIT_SOURCE_POLICY of buildx, --source-policy-file of buildctl). */
import { DecantError } from "../../errors.ts";
import { type SourcePolicy, sourcePolicyIn } from "../../project/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { SourcePolicy as PolicyMessage } from "../wire/control_pb.ts";

/** As BuildKit. */
const MAX_CONVERSIONS = 20;

/** The policy; undefined where there is none. Throws `SOURCE_POLICY`. */
export async function fixedPolicy(sourcePolicy: PolicyMessage | undefined): Promise<SourcePolicy | undefined> {
  if (sourcePolicy === undefined || sourcePolicy.rules.length === 0) return undefined;
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

/** All of them as one, undefined where there is none: as in BuildKit, the first that denies or converts decides, and what it made is judged anew by all. */
export function allPolicies(policies: readonly (SourcePolicy | undefined)[]): SourcePolicy | undefined {
  const given = policies.filter((policy) => policy !== undefined);
  if (given.length < 2) return given[0];
  return {
    apply(source, range) {
      let current = source;
      for (let count = 0; count <= MAX_CONVERSIONS; count += 1) {
        const before = current;
        for (const policy of given) {
          current = policy.apply(before, range);
          if (current !== before) break;
        }
        if (current === before) return current;
      }
      throw new DecantError(
        "SOURCE_POLICY",
        `Cannot use source "${publicUrl(source.identifier)}": the conversions of its policies do not end`,
      );
    },
  };
}
