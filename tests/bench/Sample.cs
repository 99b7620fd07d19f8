using System.Globalization;
using static DlmUpdater.Bench.Measuring;

namespace DlmUpdater.Bench;

/// <summary>One process.</summary>
internal sealed record Sample(string Name, double WallUs, double CpuUs, long RssKiB, int Exit)
{
    internal static Sample Parse(string line)
    {
        string[] words = line.Split(' ');
        return new Sample(words[0], Number(words[1]), Number(words[2]), Number(words[3]), (int)Number(words[4]));
    }

    private static long Number(string word) => long.Parse(word, CultureInfo.InvariantCulture);
}

/// <summary>The medians of one program.</summary>
internal sealed record Medians(double WallMs, double CpuMs, double RssMiB)
{
    internal static Medians Of(Sample[] samples, string name)
    {
        Sample[] own = [.. samples.Where(s => s.Name == name)];
        double wall = Median(own.Select(s => s.WallUs)), cpu = Median(own.Select(s => s.CpuUs)), rss = Median(own.Select(s => (double)s.RssKiB));
        return new Medians(wall / 1000, cpu / 1000, rss / 1024);
    }

    /// <summary>As multiples of another program's.</summary>
    internal Medians Over(Medians other) => new(WallMs / other.WallMs, CpuMs / other.CpuMs, RssMiB / other.RssMiB);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{WallMs,10:0.00}{CpuMs,10:0.00}{RssMiB,10:0.00}");
}
