using DlmUpdater.Core.Scripts;

namespace DlmUpdater.Locks.Http;

/// <summary>Makes what a server or a library said fit into one line of a log.</summary>
internal static class OneLine
{
    private const int Longest = 200;

    /// <summary>Without control characters and line ends, cut at 200 characters.</summary>
    internal static string Of(string text) => PlainText.Line(text, Longest);
}
