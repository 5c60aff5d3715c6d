# link.rb PUBLIC_URL KID SECRET ACCOUNT [CLAIMS]: prints a login link. CLAIMS are JSON, for tests.

# region: link
require "json"
require "openssl"
require "securerandom"

# A link that opens the account's portal, once: made when the page that shows it is made.
def login_link(public_url, kid, secret, account, more = {})
  now = Time.now.to_i
  header = { alg: "HS256", kid: kid, typ: "JWT" }
  claims = { sub: account, aud: public_url, iat: now, exp: now + 60, jti: SecureRandom.urlsafe_base64 }.merge(more)
  base64url = ->(bytes) { [bytes].pack("m0").tr("+/", "-_").delete("=") }
  signed = [header, claims].map { |part| base64url[JSON.generate(part)] }.join(".")
  "#{public_url}/login/#{signed}.#{base64url[OpenSSL::HMAC.digest("SHA256", secret, signed)]}"
end
# endregion

public_url, kid, secret, account, claims = ARGV
puts login_link(public_url, kid, secret, account, JSON.parse(claims || "{}", symbolize_names: true))
