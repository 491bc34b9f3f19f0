/** The version of this package; a test compares it with package.json, as reading that file would cost start-up time. */
export const VERSION = "0.1.0";
