/** Starts the service on PORT, and stops it when the container is stopped. */
import { createApp } from "./app";

const port = Number(process.env["PORT"] ?? 3000);
const server = createApp().listen(port, (error?: Error) => {
  if (error !== undefined) {
    console.error(`Cannot listen on port ${port}: ${error.message}`);
    process.exit(1);
  }
  console.log(`listening on port ${port}`);
});

// The first process of a container gets no default signal handlers.
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    console.log(`${signal}: stopping`);
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
