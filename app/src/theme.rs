//! The theme that a reader chose. A cookie keeps it, so that the document comes with it and nothing
//! flashes.

/// The look of the pages. Follows the system unless the reader chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the reader's system.
    #[default]
    System,
    /// Dark text on a light ground.
    Light,
    /// Light text on a dark ground.
    Dark,
}

/// Name of the cookie.
const COOKIE: &str = "calm_theme";
/// Lifetime of the cookie: a year, in seconds.
const LIFETIME: u32 = 31_536_000;

impl Theme {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// Name in forms and in the cookie.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The theme of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// Value of the document's `data-theme`; none where the system decides.
    pub const fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light | Self::Dark => Some(self.name()),
        }
    }

    /// Value of the document's `color-scheme`.
    pub const fn color_scheme(self) -> &'static str {
        match self {
            Self::System => "light dark",
            Self::Light | Self::Dark => self.name(),
        }
    }

    /// The theme that the `Cookie` headers of a request name. The first cookie of the name counts;
    /// anything but a known theme is the system's.
    pub fn of_cookies<'a>(headers: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut cookies = headers.into_iter().flat_map(|header| header.split(|byte| *byte == b';'));
        let value = cookies.find_map(|cookie| {
            cookie.trim_ascii().strip_prefix(COOKIE.as_bytes())?.strip_prefix(b"=")
        });
        value
            .and_then(|value| std::str::from_utf8(value).ok())
            .and_then(Self::named)
            .unwrap_or_default()
    }

    /// The cookie that keeps it. `Lax`, so that a link from a message opens in the reader's theme.
    pub fn cookie(self, secure: bool) -> String {
        let (value, lifetime) = match self.attribute() {
            Some(name) => (name, LIFETIME),
            None => ("", 0),
        };
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={value}; Path=/; SameSite=Lax; Max-Age={lifetime}{secure}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(headers: &[&str]) -> Theme {
        Theme::of_cookies(headers.iter().map(|header| header.as_bytes()))
    }

    #[test]
    fn a_cookie_names_a_known_theme_and_anything_else_is_the_systems() {
        for (headers, theme) in [
            (&["calm_theme=dark"][..], Theme::Dark),
            (&["a=1; calm_theme=light; b=2"], Theme::Light),
            (&["a=1", "b=2;  calm_theme=dark "], Theme::Dark),
            (&["calm_theme=light; calm_theme=dark"], Theme::Light),
            (&[], Theme::System),
            (&["calm_theme="], Theme::System),
            (&["calm_theme=system"], Theme::System),
            (&["calm_theme=Dark"], Theme::System),
            (&["calm_theme=dark\""], Theme::System),
            (&["calm_theme=\"dark\""], Theme::System),
            (&["calm_theme=dark light"], Theme::System),
            (&["calm_theme=\"><script>alert(1)</script>"], Theme::System),
            (&["not_calm_theme=dark"], Theme::System),
            (&["calm_themes=dark"], Theme::System),
            (&["calm_themes=light; calm_theme=dark"], Theme::Dark),
            (&["calm_themedark"], Theme::System),
            (&["calm_theme"], Theme::System),
            (&["=calm_theme=dark"], Theme::System),
            (&["calm_theme=x; calm_theme=dark"], Theme::System),
        ] {
            assert_eq!(of(headers), theme, "{headers:?}");
        }
        assert_eq!(Theme::of_cookies([&b"calm_theme=\xff"[..]]), Theme::System);
    }

    #[test]
    fn what_the_cookie_keeps_is_read_again() {
        for theme in Theme::ALL {
            for secure in [false, true] {
                let cookie = theme.cookie(secure);
                let sent = cookie.split(';').next().unwrap_or_default();
                assert_eq!(of(&[sent]), theme, "{cookie}");
                assert_eq!(cookie.ends_with("; Secure"), secure, "{cookie}");
                assert!(cookie.contains("; SameSite=Lax") && cookie.contains("; Path=/"));
            }
            assert_eq!(Theme::named(theme.name()), Some(theme));
        }
        assert!(Theme::System.cookie(false).contains("Max-Age=0"), "the system's is not kept");
        assert!(Theme::Dark.cookie(false).contains("Max-Age=31536000"));
    }
}
