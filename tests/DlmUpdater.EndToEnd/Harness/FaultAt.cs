using System.Globalization;

namespace DlmUpdater.EndToEnd.Harness;

/// <summary>A system call as the tracer saw it.</summary>
/// <param name="Who"><c>agent</c>, or <c>child</c> for a process that the agent forked and that has not yet executed a script.</param>
/// <param name="Name">The name of the call.</param>
/// <param name="Number">Which of the calls of that name it is, from 1.</param>
/// <param name="What">The path, or the descriptor and what it refers to.</param>
internal sealed record SystemCall(string Who, string Name, int Number, string What)
{
    public override string ToString() => $"{Who} {Name} {Number} ({What})";

    internal static SystemCall Parse(string line) => line.Split('\t') is [var who, var name, var number, var what]
        ? new SystemCall(who, name, int.Parse(number, CultureInfo.InvariantCulture), what)
        : throw new FormatException($"not a line of the tracer: '{line}'");
}

/// <summary>The tracer that makes a chosen system call fail or be the last one; see Native/fault_at.c.</summary>
internal static class FaultAt
{
    private static readonly Lazy<string> Tracer = new(Compile);

    /// <summary>The words in front of the program that write each of its system calls to <paramref name="file"/>.</summary>
    internal static string[] Trace(string file) => [Tracer.Value, "-t", file, "--"];

    /// <summary>The words in front of the program that cause <paramref name="fault"/>; what was hit is written to <paramref
    /// name="report"/>.</summary>
    internal static string[] Inject(SystemCall call, string fault, string report) =>
        [Tracer.Value, "-r", report, "-w", call.Who, "-c", call.Name, "-n", call.Number.ToString(CultureInfo.InvariantCulture), "-f", fault, "--"];

    /// <summary>The words in front of the program that make every call of that name fail whose path contains <paramref
    /// name="part"/>.</summary>
    internal static string[] Refuse(string call, string part, string errno) => [Tracer.Value, "-c", call, "-p", part, "-n", "1", "-f", "fail-all=" + errno, "--"];

    /// <summary>The calls that a trace contains.</summary>
    internal static SystemCall[] Read(string file) => [.. File.ReadAllLines(file).Select(SystemCall.Parse)];

    private static string Compile()
    {
        // In the build's output, and complete from the first moment: two test runs may be under way.
        string source = Path.Combine(AppContext.BaseDirectory, "Native/fault_at.c");
        string program = Path.ChangeExtension(source, null), made = $"{program}.{Environment.ProcessId}";
        _ = Binary.Tool("gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", made, source);
        File.Move(made, program, overwrite: true);
        return program;
    }
}
