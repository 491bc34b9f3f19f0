export { CDI_FOLDERS, type DeviceAccess, openDevices } from "./access.ts";
export type { DeviceAllowance } from "./find.ts";
export type { DeviceInjection } from "./injection.ts";
