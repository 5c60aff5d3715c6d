// link.js PUBLIC_URL KID SECRET ACCOUNT [CLAIMS]: prints a login link. CLAIMS are JSON, for tests.

// region: link
const { createHmac, randomBytes } = require("node:crypto");

/** A link that opens the account's portal, once: made when the page that shows it is made. */
function loginLink(publicUrl, kid, secret, account, more = {}) {
  const now = Math.floor(Date.now() / 1000);
  const header = { alg: "HS256", kid, typ: "JWT" };
  const claims = { sub: account, aud: publicUrl, iat: now, exp: now + 60, jti: randomBytes(16).toString("base64url"), ...more };
  const base64url = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${base64url(header)}.${base64url(claims)}`;
  return `${publicUrl}/login/${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
// endregion

const [publicUrl, kid, secret, account, claims] = process.argv.slice(2);
console.log(loginLink(publicUrl, kid, secret, account, JSON.parse(claims ?? "{}")));
