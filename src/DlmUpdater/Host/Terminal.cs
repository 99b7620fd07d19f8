namespace DlmUpdater.Host;

/// <summary>What a descriptor's terminal is, if it is one.</summary>
internal static class Terminal
{
    /// <summary>Assumed where a terminal does not tell its width (serial lines).</summary>
    internal const int UsualColumns = 80;

    /// <summary>True if <paramref name="fd"/> is a terminal.</summary>
    internal static bool IsTerminal(int fd) => Native.IsATerminal(fd) == 1;

    /// <summary>True if lines may be redrawn on a terminal of kind <paramref name="term"/> (the value of TERM).</summary>
    internal static bool CanRedraw(string? term) => !string.IsNullOrEmpty(term) && term != "dumb";

    /// <summary>True if colours are welcome: a value of NO_COLOR, whatever it says, forbids them.</summary>
    internal static bool WantsColour(string? noColour) => string.IsNullOrEmpty(noColour);

    /// <summary>The width now; it changes with the window.</summary>
    internal static unsafe int Columns(int fd)
    {
        Native.WindowSizeBuffer size = default;
        return Native.WindowSize(fd, Native.TIOCGWINSZ, &size) == 0 && size.Columns > 0 ? size.Columns : UsualColumns;
    }
}
