//! The page of a share link: a document of its own, complete in one answer, without the frame, the
//! stream or the Wasm of the app. A few lines of script look again every ten seconds.

use commands::sharing::SharedPage;
use leptos::prelude::*;

use crate::{clock, drawn::prose::prose};

/// Looks again every ten seconds while someone looks at it, exchanges what changed, and makes times
/// local. A link that was ended meanwhile shows that at once. Static: it holds nothing of the
/// incident.
const SCRIPT: &str = r#"(() => {
  const local = () => document.querySelectorAll("time").forEach((time) => {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
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
      say(gone ? "" : "Live: this page keeps itself up to date.");
    } catch { say("Not live: the connection is lost. It goes on trying."); }
  };
  for (const id of ["shared", "as-of"]) { const part = document.getElementById(id); part.dataset.was = part.outerHTML; }
  local();
  say("Live: this page keeps itself up to date.");
  setInterval(look, 10000);
  document.addEventListener("visibilitychange", look);
})();"#;

/// The document of a link that shows something.
pub fn shared_page(page: &SharedPage, css: &str, nonce: &str) -> String {
    let inside = view! {
        <main id="shared" class="shared">
            <p class="state" role="status">{page.state.clone()}</p>
            <h1>{prose(&page.title)}</h1>
            <dl class="facts">
                <div><dt>"Began"</dt><dd>{clock::exact(page.began_at)}</dd></div>
                {page.ended_at.map(|at| view! { <div><dt>"Ended"</dt><dd>{clock::exact(at)}</dd></div> })}
                {(!page.hosts.is_empty()).then(|| view! { <div><dt>"Where"</dt><dd>{page.hosts.join(", ")}</dd></div> })}
            </dl>
            {(!page.now.is_empty()).then(|| view! {
                <section aria-labelledby="now"><h2 id="now">"How it stands"</h2>{sentences(&page.now)}</section>
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
                    <h2 id="timeline">"What happened when"</h2>
                    <ol class="timeline">
                        {page.timeline.iter().map(|(at, sentence)| view! {
                            <li class="line"><p>{sentence.clone()}</p><p class="quiet">{clock::exact(*at)}</p></li>
                        }).collect_view()}
                    </ol>
                </section>
            })}
        </main>
    };
    let foot = view! {
        <footer class="shared-foot quiet">
            <p id="as-of">"As of " {clock::exact(page.at)} "."</p>
            <p>"Shared with Calm Ops. This link is open until " {clock::exact(page.until)} ". Whoever has it can read this page."</p>
            <p id="live" aria-live="polite"></p>
            <noscript><p>"Load the page again to see what is new."</p></noscript>
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
    let sentence = "This link shows nothing. It may be mistyped, or it has ended. Ask whoever sent it for a new one.";
    plain("Nothing is shared here", sentence, css)
}

/// The document where a link can't be looked up right now.
pub fn shared_away(css: &str) -> String {
    plain("This can't be shown right now", "Try again in a moment.", css)
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

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}
