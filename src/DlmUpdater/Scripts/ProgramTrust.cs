using DlmUpdater.Core.Scripts;
using DlmUpdater.Host;

namespace DlmUpdater.Scripts;

/// <summary>Looks at everything that runs when a script or a command is run: the program, its interpreter, the interpreter's interpreter, and what <c>env</c> starts. Good
/// for one look at a host, not for longer: each program is looked at once.</summary>
/// <param name="owner">The one user besides root who may own it: as whom it runs.</param>
internal sealed class ProgramTrust(uint owner)
{
    /// <summary>The kernel follows no more interpreters of interpreters.</summary>
    private const int Deepest = 4;

    private readonly TrustChain _chain = new(owner);
    private readonly Dictionary<string, IReadOnlyList<string>> _seen = [];

    /// <summary>Why what interprets a script with this head must not, or cannot, run.</summary>
    internal IReadOnlyList<string> AgainstInterpreter(ScriptHead head) => AgainstInterpreter(head, 0);

    /// <summary>Finds the program of a command.</summary>
    /// <param name="argv">The command in words; the first is looked up in the fixed PATH if it has no slash.</param>
    /// <param name="why">Why there is none, for a sentence that begins with the command; empty if there is.</param>
    /// <returns>Its path, if it exists, is a program, and nobody else can change what runs; else null.</returns>
    internal string? Find(IReadOnlyList<string> argv, out string why)
    {
        string name = TrustChain.Shown(argv[0]);
        string? path = argv[0].Contains('/') ? argv[0] : RunnableCheck.InSearchPath(argv[0]);
        why = path is null ? $"{name} is not in PATH ({ScriptEnvironment.SearchPath})"
            : !path.StartsWith('/') ? $"{name} is not an absolute path"
            : FileFacts.Read(path, true, out _) is null ? $"{name} does not exist"
            : !RunnableCheck.IsProgram(path) ? $"{name} is not an executable file"
            : "";
        if (path is null || why.Length > 0)
            return null;
        IReadOnlyList<string> against = Against(argv);
        why = string.Join("; ", against);
        return against.Count == 0 ? path : null;
    }

    /// <summary>Why a command must not run, because others can change what runs. None for one that does not exist: it runs nothing.</summary>
    internal IReadOnlyList<string> Against(IReadOnlyList<string> argv)
    {
        string? path = argv[0].Contains('/') ? argv[0] : RunnableCheck.InSearchPath(argv[0]);
        return path is null || !RunnableCheck.IsProgram(path) ? [] : [.. AgainstProgram(path, 0).Concat(AgainstArguments(path, argv)).Distinct()];
    }

    private IReadOnlyList<string> AgainstInterpreter(ScriptHead head, int depth)
    {
        string? interpreter = head.Interpreter;
        if (interpreter is null)
            return ["it names no interpreter after #!"];
        if (interpreter.EndsWith('\r') || (head.Argument?.EndsWith('\r') ?? false))
            return ["it has Windows line ends (CR LF), so its interpreter cannot be found: convert it to LF"];
        string shown = TrustChain.Shown(interpreter);
        if (!interpreter.StartsWith('/'))
            return [$"interpreter {shown} is not an absolute path"];
        if (FileFacts.Read(interpreter, true, out _) is null)
            return [$"interpreter {shown} does not exist"];
        if (!RunnableCheck.IsProgram(interpreter))
            return [$"interpreter {shown} is not executable"];
        IReadOnlyList<string> against = [.. AgainstProgram(interpreter, depth).Select(a => "interpreter " + a)];
        return against.Count > 0 || !IsEnv(interpreter) ? against : AgainstEnv(head.Argument is { } argument ? [argument] : [], depth);
    }

    /// <summary>What <c>env</c> runs is looked up in a PATH that is known: a script gets a fixed one.</summary>
    private IReadOnlyList<string> AgainstEnv(IReadOnlyList<string> arguments, int depth)
    {
        if (depth > Deepest)
            return ["env calls itself again and again"];
        EnvCommand command = EnvCommand.Read(arguments);
        if (command.Program is not { } program)
            return ["interpreter cannot be told: " + command.Fault];
        string shown = TrustChain.Shown(program);
        string search = command.SearchPath ?? ScriptEnvironment.SearchPath;
        if (!program.Contains('/') && search.Split(':').Any(d => !d.StartsWith('/')))
            return [$"interpreter {shown} is looked up in a PATH with a relative directory"];
        string? path = program.Contains('/') ? program : RunnableCheck.InSearchPath(program, search);
        if (path is null)
        {
            return [program.Contains(' ')
                ? $"interpreter '{shown}' is not in PATH ({search}): env takes it for one name; write #!/usr/bin/env -S {shown}"
                : $"interpreter {shown} is not in PATH ({search})"];
        }

        if (!path.StartsWith('/'))
            return [$"interpreter {shown} is not an absolute path"];
        if (!RunnableCheck.IsProgram(path))
            return [$"interpreter {shown} is not an executable file"];
        IReadOnlyList<string> against = [.. AgainstProgram(path, depth + 1).Select(a => "interpreter " + a)];
        return against.Count == 0 && IsEnv(path) ? AgainstEnv(command.Arguments, depth + 1) : against;
    }

    /// <summary>The way to a program, and what interprets it if it is a script itself.</summary>
    private IReadOnlyList<string> AgainstProgram(string path, int depth)
    {
        if (_seen.TryGetValue(path, out IReadOnlyList<string>? known))
            return known;
        string shown = TrustChain.Shown(path);
        TrustResult trust = _chain.Check(path);
        var against = new List<string>();
        if (trust.Reasons.Count > 0)
            against.Add($"{shown} cannot be trusted: {string.Join("; ", trust.Reasons)}");
        else if (RunnableCheck.ReadHead(path, out string why) is not { } head)
            against.Add($"{shown} {why}");
        else if (head.Form == ScriptForm.Interpreted)
            against.AddRange(depth >= Deepest ? [$"{shown} has too many interpreters"] : AgainstInterpreter(head, depth + 1).Select(a => $"{shown}: {a}"));
        _seen[path] = against;
        return against;
    }

    /// <summary>What a command names that it will run in turn: the script of a shell, the program after <c>env</c>, <c>nice</c> or <c>timeout</c>.</summary>
    private IEnumerable<string> AgainstArguments(string program, IReadOnlyList<string> argv)
    {
        if (IsEnv(program))
        {
            foreach (string reason in AgainstEnv([.. argv.Skip(1)], 0))
                yield return reason;
        }

        bool isScript = IsInterpreter(program);
        foreach (string word in argv.Skip(1))
        {
            bool counts = isScript && !word.StartsWith('-');
            isScript &= !counts;
            if (!word.StartsWith('/') || FileFacts.Read(word, true, out _) is not { IsRegular: true } || !(counts || RunnableCheck.IsProgram(word)))
                continue;
            foreach (string reason in AgainstProgram(word, 0))
                yield return reason;
        }
    }

    private static bool IsEnv(string path) => Path.GetFileName(path) == "env";

    private static bool IsInterpreter(string path)
    {
        string name = Path.GetFileName(path).TrimEnd("0123456789.".ToCharArray());
        return name is "sh" or "bash" or "dash" or "ash" or "ksh" or "zsh" or "python" or "perl" or "ruby" or "node" or "php" or "lua" or "awk";
    }
}
