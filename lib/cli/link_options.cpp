#include "command_options.hpp"

#include <string>

namespace ephemint::cli {

CLI::App& add_link(CLI::App& app, link_arguments& to) {
  CLI::App& link = *app.add_subcommand("link", "Print a signed login link for one account");
  add(link, "--link-key-file", "FILE", "Its first key signs: lines of KID SECRET [EPHEMINT_LINK_KEY_FILE]",
      [&](const std::string& path) { to.key_file = not_empty(path); });
  add(link, "--public-url", "URL", "The gateway, as browsers reach it [EPHEMINT_PUBLIC_URL]",
      into(to.public_url));
  add(link, "--redirect-to", "PAGE", "Where to land: carriers, billing or onboarding",
      [&](const std::string& value) { to.redirect_to = parse_portal_page(value); });
  add(link, "--theme-id", "UUID", "A theme for the portal",
      [&](const std::string& value) { to.theme_id = parse_uuid(value); });
  add(link, "--max-age", "DUR", "How long it can be opened, 1s to 300s [60s]",
      [&](const std::string& value) { to.max_age = parse_link_age(value); });
  link.allow_extras();  // the account; CLI11's positionals would split `[a,b]`
  link.footer(
      "Prints the link, and asks nobody: the gateway mints when the link is opened, once, by a person's\n"
      "click. Applications make such links by themselves: it is a JWT, HS256. This is for trying them.\n\n"
      "Examples:\n"
      "  ephemint link se-123456 --link-key-file link-keys --public-url https://login.example.com\n"
      "  ephemint link se-123456 --redirect-to billing --max-age 5min\n"
      "  xdg-open \"$(ephemint link se-123456 --link-key-file keys --public-url http://localhost:8081)\"");
  return link;
}

}  // namespace ephemint::cli
