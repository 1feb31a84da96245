//! How cells look. Colour only repeats what a word says.

use crate::domain::mismatch::Severity;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

const INK: Color = Color::RGB(0x1F_29_37);
const HEADER: Color = Color::RGB(0x1F_3A_5F);
const INPUT: Color = Color::RGB(0xFF_F8_DC);
const LINE: Color = Color::RGB(0xD0_D5_DD);
const TOO_LONG: Color = Color::RGB(0xE5_E7_EB);

/// The formats of all cells.
#[derive(Debug)]
pub(super) struct Styles {
    pub(super) title: Format,
    pub(super) header: Format,
    pub(super) input_header: Format,
    /// A heading above numbers.
    pub(super) number_header: Format,
    pub(super) label: Format,
    pub(super) wrapped_label: Format,
    pub(super) text: Format,
    pub(super) wrapped: Format,
    pub(super) id: Format,
    pub(super) wrapped_id: Format,
    pub(super) date: Format,
    pub(super) integer: Format,
    /// A number beside its label, to the left.
    pub(super) count: Format,
    pub(super) input: Format,
    pub(super) input_date: Format,
    /// An amount that is text, because a cell cannot hold all its digits.
    pub(super) too_long: Format,
    pub(super) old: Format,
    /// By decimals, from 2 to 6.
    amounts: [Format; 5],
    /// In the order of [`Severity::ALL`].
    severities: [Format; 3],
}

impl Styles {
    pub(super) fn new() -> Styles {
        let base = || Format::new().set_font_color(INK).set_align(FormatAlign::Top);
        let header = || {
            base()
                .set_bold()
                .set_font_color(Color::White)
                .set_background_color(HEADER)
                .set_align(FormatAlign::VerticalCenter)
        };
        let input = || {
            base()
                .set_unlocked()
                .set_background_color(INPUT)
                .set_border(FormatBorder::Thin)
                .set_border_color(LINE)
        };
        // The indent keeps numbers off the text in the next column.
        let number = || base().set_align(FormatAlign::Right).set_indent(1);
        let amount =
            |decimals: usize| number().set_num_format(format!("#,##0.{}", "0".repeat(decimals)));
        let severity = |font: u32, fill: u32| {
            base()
                .set_bold()
                .set_font_color(Color::RGB(font))
                .set_background_color(Color::RGB(fill))
        };
        Styles {
            title: base().set_bold().set_font_size(16),
            header: header(),
            number_header: header().set_align(FormatAlign::Right).set_indent(1),
            input_header: header().set_background_color(Color::RGB(0x8A_5A_00)),
            label: base().set_bold(),
            wrapped_label: base().set_bold().set_text_wrap(),
            text: base(),
            wrapped: base().set_text_wrap(),
            id: base().set_num_format("@"),
            wrapped_id: base().set_num_format("@").set_text_wrap(),
            date: base().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            integer: number().set_num_format("0"),
            count: base().set_num_format("0").set_align(FormatAlign::Left),
            input: input().set_num_format("@").set_text_wrap(),
            input_date: input().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left),
            too_long: base()
                .set_num_format("@")
                .set_background_color(TOO_LONG)
                .set_align(FormatAlign::Right)
                .set_indent(1),
            old: Format::new()
                .set_font_color(Color::White)
                .set_background_color(Color::RGB(0xB4_23_18)),
            amounts: [2, 3, 4, 5, 6].map(amount),
            severities: [
                severity(0x8A_1C_12, 0xFD_E3_E0),
                severity(0x7A_4A_00, 0xFE_F0_C7),
                severity(0x34_40_54, 0xEE_F0_F3),
            ],
        }
    }

    /// The format of a number with so many decimals.
    pub(super) fn amount(&self, decimals: usize) -> &Format {
        self.amounts.get(decimals.saturating_sub(2)).unwrap_or(&self.amounts[0])
    }

    pub(super) fn severity(&self, severity: Severity) -> &Format {
        match severity {
            Severity::High => &self.severities[0],
            Severity::Medium => &self.severities[1],
            Severity::Low => &self.severities[2],
        }
    }
}
