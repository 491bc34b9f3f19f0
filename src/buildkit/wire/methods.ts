/** The methods of the wire in one place: they are what the services/ folder says. */
import type { Method } from "../grpc/method.ts";
import type { PacketSchema } from "./session_pb.ts";
import { PacketSchema as packets } from "./session_pb.ts";
import { LLBBridge } from "./services/bridge_pb.ts";
import { Content } from "./services/content_pb.ts";
import { Control } from "./services/control_pb.ts";
import { Auth, FileSend, FileSync } from "./services/filesync_pb.ts";
import { Health } from "./services/health_pb.ts";
import { PolicyVerifier } from "./services/policy_pb.ts";
import { Secrets } from "./services/secrets_pb.ts";
import { SSH } from "./services/ssh_pb.ts";
import { Upload } from "./services/upload_pb.ts";

export { Auth, Content, Control, FileSend, FileSync, Health, LLBBridge, PolicyVerifier, Secrets, SSH, Upload };

/** The same method as FileSend's, for outputs that are folders: then its messages are packets. */
export const SEND_FILES: Method<typeof PacketSchema, typeof PacketSchema> = {
  ...FileSend.method.diffCopy,
  input: packets,
  output: packets,
};
