using System.Text;

namespace DlmUpdater.Host;

/// <summary>stdout and stderr without the console class, whose start-up costs more than a whole run without updates.</summary>
internal static class StandardStreams
{
    /// <summary>From here on, what goes to stderr goes to stdout.</summary>
    internal static void TalkOnStdout() => _ = Native.Files.dup2(1, 2);

    /// <summary>Data, to stdout. A reader that went away is no error.</summary>
    internal static void WriteOut(ReadOnlySpan<byte> bytes) => Descriptor.Write(1, bytes, out _);

    /// <summary>Data, to stdout; false if its reader went away.</summary>
    internal static bool TryWriteOut(ReadOnlySpan<byte> bytes) => Descriptor.Write(1, bytes, out _) == 0;

    /// <summary>One line of talk, to stderr.</summary>
    internal static void WriteError(string line) => Descriptor.Write(2, Encoding.UTF8.GetBytes(line + "\n"), out _);

    /// <summary>Reads one line from stdin, which is a terminal; true if it is <c>yes</c>.</summary>
    internal static bool ReadsYes()
    {
        // A terminal gives one line for one read.
        const int LongestLine = 256;
        return Encoding.UTF8.GetString(Descriptor.ReadLine(0, LongestLine)).Trim() == "yes";
    }
}
