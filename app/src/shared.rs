//! Documents of their own, complete in one answer, without the frame, the stream or the Wasm of the
//! app: the page of a share link, where a few lines of script look again every ten seconds, and
//! the page that says why no other one can be shown.

use commands::sharing::SharedPage;
use leptos::prelude::*;
use wording::generated::MARK;

use crate::{clock, components::prose::prose};

/// Looks again every ten seconds while someone looks at it, exchanges what changed, and makes times
/// local. A link that was ended meanwhile shows that at once. Static: it holds nothing of the
/// incident.
const SCRIPT: &str = r#"(() => {
  const months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const two = (number) => String(number).padStart(2, "0");
  const local = () => document.querySelectorAll("time").forEach((time) => {
    const at = new Date(time.dateTime);
    time.textContent = `${at.getDate()} ${months[at.getMonth()]} ${at.getFullYear()}, ${two(at.getHours())}:${two(at.getMinutes())}`;
  });
  const say = (text) => { document.getElementById("live").textContent = text; };
  let gone = false;
  const look = async () => {
    if (gone || document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { "x-calm-ops-again": "1" }, cache: "no-store", redirect: "error" });
      if (answer.status !== 200 && answer.status !== 404) throw new Error();
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["shared", "as-of"]) {
        const [now, then] = [fresh.getElementById(id), document.getElementById(id)];
        if (now && then && now.outerHTML !== then.dataset.was) {
          const was = now.outerHTML;
          then.innerHTML = now.innerHTML;
          then.dataset.was = was;
        }
      }
      gone = answer.status === 404;
      if (gone) document.title = fresh.title;
      local();
      say(gone ? "" : "Live: this page updates automatically.");
    } catch { say("Connection lost. Reconnecting."); }
  };
  for (const id of ["shared", "as-of"]) { const part = document.getElementById(id); part.dataset.was = part.outerHTML; }
  local();
  say("Live: this page updates automatically.");
  setInterval(look, 10000);
  document.addEventListener("visibilitychange", look);
})();"#;

/// The document of a link that shows something.
pub fn shared_page(page: &SharedPage, is_generated: bool, css: &str, nonce: &str) -> String {
    // What reacts belongs to someone, also where nothing changes any more.
    Owner::new().with(|| rendered(page, is_generated, css, nonce))
}

fn rendered(page: &SharedPage, is_generated: bool, css: &str, nonce: &str) -> String {
    let inside = view! {
        <main id="shared" class="shared">
            {is_generated.then(|| view! { <p class="notice">{MARK}</p> })}
            <p class="state" role="status">{page.state.clone()}</p>
            <h1>{prose(&page.title)}</h1>
            <dl class="facts">
                <div><dt>"Began"</dt><dd>{clock::element(page.began_at)}</dd></div>
                {page.ended_at.map(|at| view! { <div><dt>"Ended"</dt><dd>{clock::element(at)}</dd></div> })}
                {(!page.hosts.is_empty()).then(|| view! { <div><dt>"Where"</dt><dd>{page.hosts.join(", ")}</dd></div> })}
            </dl>
            {(!page.now.is_empty()).then(|| view! {
                <section aria-labelledby="now"><h2 id="now">"Current status"</h2>{sentences(&page.now)}</section>
            })}
            {page.sections.iter().enumerate().filter_map(|(index, section)| {
                let id = format!("part-{index}");
                // What stands above is not said again.
                let rest: Vec<String> = section.sentences.iter().filter(|sentence| **sentence != page.title).cloned().collect();
                (!rest.is_empty()).then(|| {
                    view! { <section aria-labelledby=id><h2 id=id.clone()>{section.heading.clone()}</h2>{sentences(&rest)}</section> }
                })
            }).collect_view()}
            {(!page.timeline.is_empty()).then(|| view! {
                <section aria-labelledby="timeline">
                    <h2 id="timeline">"Timeline"</h2>
                    <ol class="timeline">
                        {page.timeline.iter().map(|(at, sentence)| view! {
                            <li class="line"><p>{sentence.clone()}</p><p class="quiet">{clock::element(*at)}</p></li>
                        }).collect_view()}
                    </ol>
                </section>
            })}
        </main>
    };
    let foot = view! {
        <footer class="shared-foot quiet">
            <p id="as-of">"As of " {clock::element(page.at)} "."</p>
            <p>"Shared from Calm Ops. Anyone with this link can read this page until " {clock::element(page.until)} "."</p>
            <p id="live" aria-live="polite"></p>
            <noscript><p>"Reload for updates."</p></noscript>
        </footer>
    };
    let body = format!(
        "{}{}<script nonce=\"{}\">{SCRIPT}</script>",
        inside.into_any().to_html(),
        foot.into_any().to_html(),
        escape(nonce)
    );
    document(&page.state, &page.title, css, &body)
}

fn sentences(sentences: &[String]) -> AnyView {
    sentences.iter().map(|sentence| view! { <p>{prose(sentence)}</p> }).collect_view().into_any()
}

/// The document of every link that shows nothing: unknown, over or ended, all alike.
pub fn shared_closed(css: &str) -> String {
    let sentence =
        "This link is not valid. It may be mistyped or have expired. Ask the sender for a new one.";
    plain("Link not found", sentence, css)
}

/// The document where a link can't be looked up right now.
pub fn shared_away(css: &str) -> String {
    plain("This page can't be loaded right now", "Try again in a moment.", css)
}

/// The policy for the document of a problem: what may load.
pub const PROBLEM_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// The document that stands where a page can't: what is wrong, and what to do. The request got no
/// further than the door, so it is known neither for whom it is nor whether it comes from here.
pub fn problem_page(title: &str, detail: &str, css: &str) -> String {
    let body = format!(
        "<main id=\"shared\" class=\"shared\"><h1>This page can't be shown</h1><p class=\"lead\">{}</p>\
         <p class=\"quiet\">Monitoring continues.</p><p><a class=\"button\" href=\"/ops/health\">Go to the health page</a></p></main>",
        escape(detail)
    );
    document(&format!("{title} · Calm Ops"), detail, css, &body)
}

fn plain(title: &str, sentence: &str, css: &str) -> String {
    let body = format!(
        "<main id=\"shared\" class=\"shared\"><h1>{title}</h1><p class=\"lead\">{sentence}</p></main>\
         <footer class=\"shared-foot quiet\"><p id=\"as-of\"></p></footer>"
    );
    document(title, sentence, css, &body)
}

fn document(title: &str, description: &str, css: &str, body: &str) -> String {
    let (title, description, css) = (escape(title), escape(description), escape(css));
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\
         <meta name=\"color-scheme\" content=\"light dark\"><meta name=\"robots\" content=\"noindex, nofollow\">\
         <meta name=\"referrer\" content=\"no-referrer\"><title>{title}</title><meta name=\"description\" content=\"{description}\">\
         <meta property=\"og:type\" content=\"website\"><meta property=\"og:title\" content=\"{title}\">\
         <meta property=\"og:description\" content=\"{description}\"><meta name=\"twitter:card\" content=\"summary\">\
         <link rel=\"stylesheet\" href=\"{css}\"></head><body class=\"shared-body\">{body}</body></html>"
    )
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
