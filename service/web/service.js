// The service's answers and errors, over fetch.

// What went wrong, in words for the person who asked; `status` where the service answered.
export class ServiceError extends Error {
  constructor(message, status = null) {
    super(message);
    this.status = status;
  }
}

const UNREACHABLE = "The service cannot be reached. Check that it is running, then try again.";
const CUT_OFF = "The connection broke before the answer was complete. Ask again.";

// Streams one answer: yields {sentence} for each, then {answer} once. `asOf` is the day whose rules
// are asked for, null for today. Raises ServiceError, or AbortError where the signal stopped it.
export async function* streamAnswer(messages, asOf, signal) {
  const response = await request("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: "pincite", messages, as_of: asOf, stream: true }),
    signal,
  });
  for await (const data of events(response.body, signal)) {
    if (data === "[DONE]") return;
    const chunk = parsed(data);
    if (chunk.error) throw new ServiceError(chunk.error.message);
    if (chunk.pincite) yield chunk.pincite;
  }
  throw new ServiceError(CUT_OFF);
}

// The document's text in this version, or as it is now where that is no longer kept.
export async function fetchDocument(path, version) {
  // no-store: the page itself has the same address, and Back must not show JSON from the cache.
  const query = version ? `?${new URLSearchParams({ version })}` : "";
  const response = await request(path + query, {
    headers: { Accept: "application/json" },
    cache: "no-store",
  });
  return response.json();
}

async function request(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServiceError(UNREACHABLE);
  }
  if (!response.ok) throw new ServiceError(await errorMessage(response), response.status);
  return response;
}

// The message of an error in OpenAI's format, or the bare status.
async function errorMessage(response) {
  const body = await response.json().catch(() => null);
  return body?.error?.message ?? `The service answered with status ${response.status}.`;
}

// The data of each server-sent event.
async function* events(stream, signal) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  while (true) {
    const { value, done } = await read(reader, signal);
    if (done) return;
    buffer += value;
    const blocks = buffer.split(/\r?\n\r?\n/);
    buffer = blocks.pop();
    for (const block of blocks) {
      const lines = block.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}

async function read(reader, signal) {
  try {
    return await reader.read();
  } catch (error) {
    if (signal.aborted) throw new DOMException("Stopped.", "AbortError");
    throw new ServiceError(CUT_OFF);
  }
}

function parsed(data) {
  try {
    return JSON.parse(data);
  } catch {
    throw new ServiceError("The service sent something that is no answer. Ask again.");
  }
}
