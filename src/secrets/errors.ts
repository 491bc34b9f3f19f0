/** Errors about secrets. They name the secret by its id, and never have a part of its value. */
import { DecantError } from "../errors.ts";

/** A layer has one. The caller adds the instruction that made it. */
export function secretInLayer(name: string, path: string, form: string): DecantError {
  return new DecantError("SECRET_IN_IMAGE", `Cannot keep the result of this step: "${path}" holds ${name} (${form})`, {
    hint: `Do not copy or write it to a file that stays: RUN --mount=type=secret shows it to one step. If it has to be there: --allow-secret-in ${path}`,
    details: { secret: name, path },
  });
}

/** A text that goes with the image has one. */
export function secretInText(name: string, what: string, form: string): DecantError {
  return new DecantError("SECRET_IN_IMAGE", `Cannot write the image: ${what} holds ${name} (${form})`, {
    hint: "Do not give secrets by ARG, ENV, LABEL or annotations: everybody who has the image can read these. Use RUN --mount=type=secret",
    details: { secret: name },
  });
}
