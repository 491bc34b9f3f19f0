/** The routes of the service. */
import express, { type Express, type NextFunction, type Request, type Response } from "express";

/** Makes the application; it does not listen yet. */
export function createApp(): Express {
  const app = express();
  app.disable("x-powered-by");

  app.get("/healthz", (_request, response) => {
    response.type("text/plain").send("ok\n");
  });

  app.get("/api/hello/:name", (request, response) => {
    response.json({ greeting: `Hello, ${request.params.name}!`, node: process.version });
  });

  app.get("/api/time", (request, response) => {
    const zone = typeof request.query["zone"] === "string" ? request.query["zone"] : "UTC";
    response.json({ zone, time: timeIn(zone, new Date()) });
  });

  app.use((_request, response) => {
    response.status(404).json({ error: "not found" });
  });

  app.use((error: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const status = error instanceof RangeError ? 400 : 500;
    response.status(status).json({ error: error instanceof Error ? error.message : "unknown" });
  });
  return app;
}

/** The date and time in a time zone of the IANA database. Throws a RangeError for any other. */
function timeIn(zone: string, now: Date): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, dateStyle: "medium", timeStyle: "long" }).format(now);
}
