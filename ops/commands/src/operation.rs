//! An operation: one reading or one change, as a type that names its output and its permission.

use domain::{access::Permission, journal::Cursor};
use serde::{Deserialize, Serialize};

/// Names an operation's permission. Without one an operation does not compile.
pub trait Operation: Send + 'static {
    /// Output of a success.
    type Output: Send + 'static;
    /// Name of the operation.
    const NAME: &'static str;
    /// Permission that it needs, whatever its values are.
    const PERMISSION: Permission;
}

/// Output of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Committed {
    /// The journal's head after it.
    pub cursor: Cursor,
}

/// Name and permission of an operation, for lists of all of them.
pub type Listed = (&'static str, Permission);

/// Declares changes: a type for each, and the enum of all of them.
macro_rules! changes {
    (
        $(#[$enum_meta:meta])*
        $enum:ident as $trait:ident::$into:ident {
            $(
                $(#[$meta:meta])+
                $name:ident needs $permission:expr => {
                    $( $(#[$field_meta:meta])+ $field:ident: $type:ty, )*
                }
            )*
        }
        $( $(#[$outer_meta:meta])* other $outer:ident($inner:ty), )*
    ) => {
        $(
            $(#[$meta])+
            #[derive(Clone, Debug, PartialEq)]
            pub struct $name {
                $( $(#[$field_meta])+ pub $field: $type, )*
            }

            impl $crate::operation::Operation for $name {
                type Output = $crate::operation::Committed;
                const NAME: &'static str = stringify!($name);
                const PERMISSION: domain::access::Permission = $permission;
            }

            impl From<$name> for $enum {
                fn from(change: $name) -> Self {
                    Self::$name(change)
                }
            }

            impl $trait for $name {
                fn $into(self) -> $enum {
                    $enum::$name(self)
                }
            }
        )*

        $(#[$enum_meta])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $enum {
            $( $(#[$meta])+ $name($name), )*
            $( $(#[$outer_meta])* $outer($inner), )*
        }

        impl $enum {
            /// Every change that is declared here, with its permission.
            pub const ALL: &[$crate::operation::Listed] = &[
                $( (stringify!($name), <$name as $crate::operation::Operation>::PERMISSION), )*
            ];

            /// The permission that it needs.
            pub const fn permission(&self) -> domain::access::Permission {
                match self {
                    $( Self::$name(_) => <$name as $crate::operation::Operation>::PERMISSION, )*
                    $( Self::$outer(change) => change.permission(), )*
                }
            }
        }
    };
}

pub(crate) use changes;
