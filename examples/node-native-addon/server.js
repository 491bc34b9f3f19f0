import bcrypt from "bcrypt";
import express from "express";

const app = express();

app.get("/hash/:text", async (request, response) => {
  const hash = await bcrypt.hash(request.params.text, 4);
  response.json({ verified: await bcrypt.compare(request.params.text, hash) });
});

const server = app.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${server.address().port}, node ${process.version}`);
});

process.on("SIGTERM", () => server.close());
