// sidecar.js SOCKET ACCOUNT: prints the answer that a customer's click gets.

// region: sidecar
const http = require("node:http");

/** The answer to a customer's click: its status, headers and text. */
async function openPortal(account, socketPath = "/run/ephemint/ephemint.sock") {
  const asking = http.request({
    socketPath, path: "/v1/tokens", method: "POST", timeout: 15000, headers: { "Content-Type": "application/json" },
  });
  const reply = await new Promise((resolve, reject) => {
    asking.on("response", resolve).on("error", reject);
    asking.on("timeout", () => asking.destroy(new Error("no answer")));
    asking.end(JSON.stringify({ account }));
  });
  let text = "";
  for await (const part of reply.setEncoding("utf8")) text += part;
  const said = JSON.parse(text);
  switch (reply.statusCode) {
    case 200:
      return [302, { Location: said.login_url, "Cache-Control": "no-store" }, ""];
    case 429:
    case 503:
      return [503, { "Retry-After": reply.headers["retry-after"] }, "Please try again in a moment."];
    default:
      console.warn(`no login for ${account}: ${said.code}: ${said.detail}`);
      return [502, {}, "The portal can't be opened."];
  }
}
// endregion

openPortal(process.argv[3], process.argv[2]).then(([status, headers]) =>
  console.log(status, headers.Location ?? headers["Retry-After"] ?? ""));
